"""The advisor's page: pick a customer, see the orders."""

import streamlit as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from leaky_shop.auth import audit_table
from leaky_shop.customers import create_customer
from leaky_shop.database import SessionLocal
from leaky_shop.models import Customer
from leaky_shop.schemas import CustomerCreate


@st.cache_resource
def database() -> Session:
    return SessionLocal()


def load_customers() -> list[Customer]:
    with SessionLocal() as session:
        return list(session.scalars(select(Customer).order_by(Customer.name)))


with st.sidebar.form("new"):
    name = st.text_input("Name")
    email = st.text_input("Email")
    if st.form_submit_button("Create customer"):
        customer = create_customer(CustomerCreate(name=name, email=email))
        st.success(f"Customer created: {customer.name}")

chosen = st.selectbox("Customer", load_customers(), format_func=lambda customer: customer.name)
if chosen is not None:
    st.metric("Points", chosen.points)

st.table([{"name": customer.name, "orders": len(customer.orders)} for customer in load_customers()])

total = database().query(Customer).count()
st.caption(f"{total} customers")

if st.checkbox("Audit log"):
    st.table(audit_table())
