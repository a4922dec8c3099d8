"""As it is right: the block keeps the work, and what leaves it is plain data."""

from models import Customer, CustomerResponse, Goal
from pydantic import BaseModel
from sqlalchemy import select

from hermetic import Database, fetch, fetch_one

db = Database("sqlite:///before.db")


class GoalResponse(BaseModel):
    name: str


class CustomerWithGoals(CustomerResponse):
    income: float
    goals: list[GoalResponse]


def create_customer(name: str, email: str, age: int, income: float) -> CustomerResponse:
    with db.begin() as session:
        customer = Customer(name=name, email=email, age=age, income=income, goals=[Goal(name="Kitchen")])
        session.add(customer)
        session.flush()
        return fetch_one(session, CustomerResponse, select(Customer).where(Customer.id == customer.id))


def get_all_customers() -> list[CustomerWithGoals]:
    with db.read() as session:
        return fetch(session, CustomerWithGoals, select(Customer).order_by(Customer.id))


def raise_income(customer_id: int, income: float) -> None:
    with db.begin() as session:
        session.get_one(Customer, customer_id).income = income


print(create_customer("Ada", "ada@example.org", 34, 3450.0))
print(len(get_all_customers()), "customers after the first is created")

raise_income(1, 5100.0)
(ada,) = get_all_customers()
print("income after it is raised:", ada.income)
print(len(ada.goals), "goals")
db.dispose()
