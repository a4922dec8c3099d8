"""As the document cured it: every object is expunged before it is returned."""

from models import Customer, Goal, engine
from sqlalchemy.orm import Session


def create_customer(name, email, age, income):
    with Session(engine) as session:
        customer = Customer(name=name, email=email, age=age, income=income)
        session.add(customer)
        session.flush()
        session.refresh(customer)
        session.expunge(customer)
        return customer


def get_all_customers():
    with Session(engine) as session:
        customers = session.query(Customer).all()
        for customer in customers:
            session.expunge(customer)
        return customers


def raise_income(customer_id, income):
    with Session(engine) as session:
        customer = session.get(Customer, customer_id)
        session.expunge(customer)
        customer.income = income
        session.commit()


create_customer("Ada", "ada@example.org", 34, 3450.0)
print(len(get_all_customers()), "customers after the first is created")

with Session(engine) as session:
    session.add(Customer(name="Grace", email="grace@example.org", age=58, income=4980.0, goals=[Goal(name="Kitchen")]))
    session.commit()

raise_income(1, 5100.0)
(grace,) = get_all_customers()
print("income after it is raised:", grace.income)

try:
    print(len(grace.goals), "goals")
except Exception as error:
    print(type(error).__name__)
