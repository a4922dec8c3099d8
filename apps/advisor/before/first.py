"""As the application was first: the session is closed before anybody reads the customer."""

from models import Customer, CustomerResponse, engine
from sqlalchemy.orm import Session


def create_customer(name, email, age, income):
    with Session(engine) as session:
        customer = Customer(name=name, email=email, age=age, income=income)
        session.add(customer)
        session.commit()
        return customer


try:
    print(CustomerResponse.model_validate(create_customer("Ada", "ada@example.org", 34, 3450.0)))
except Exception as error:
    print(type(error).__name__)
