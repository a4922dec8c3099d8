"""A small shop whose files get random edits: sessions, models, a unit of work, readers in other modules, a document."""

from __future__ import annotations

PROJECT = {
    "app/__init__.py": "",
    "app/base.py": """
        from sqlalchemy.orm import DeclarativeBase


        class Base(DeclarativeBase):
            pass
    """,
    "app/models.py": """
        from sqlalchemy import ForeignKey
        from sqlalchemy.orm import Mapped, mapped_column, relationship

        from app.base import Base


        class Customer(Base):
            __tablename__ = "customers"
            id: Mapped[int] = mapped_column(primary_key=True)
            name: Mapped[str]
            orders: Mapped[list["Order"]] = relationship(back_populates="customer")


        class Order(Base):
            __tablename__ = "orders"
            id: Mapped[int] = mapped_column(primary_key=True)
            customer_id: Mapped[int] = mapped_column(ForeignKey("customers.id"))
            status: Mapped[str]
            customer: Mapped[Customer] = relationship(back_populates="orders")

            @property
            def label(self):
                return self.customer.name
    """,
    "app/db.py": """
        from contextlib import contextmanager

        from sqlalchemy import create_engine
        from sqlalchemy.orm import sessionmaker

        engine = create_engine("sqlite:///shop.db")
        SessionLocal = sessionmaker(engine)


        @contextmanager
        def get_session():
            with SessionLocal() as session:
                yield session
                session.commit()
    """,
    "app/orders.py": """
        from sqlalchemy import select
        from sqlalchemy.orm import selectinload

        from app.db import SessionLocal, get_session
        from app.models import Order


        def newest():
            with SessionLocal() as session:
                return session.scalars(select(Order)).first()


        def paid(order_id):
            with get_session() as session:
                order = session.get(Order, order_id)
                order.status = "paid"
                return order


        def every():
            with SessionLocal() as session:
                return session.scalars(select(Order)).all()
    """,
    "app/telling.py": """
        from app.words import worded


        def told(order):
            return worded(order.customer.name)


        def listed(orders):
            for order in orders:
                print(told(order))
    """,
    "app/words.py": """
        def worded(text):
            return str(text).title()
    """,
    "app/views.py": """
        from app import orders
        from app.telling import listed, told


        def show_newest():
            print(told(orders.newest()))


        def show_paid(order_id):
            order = orders.paid(order_id)
            print(order.status, order.label)


        def show_all():
            listed(orders.every())
    """,
    "app/service.py": """
        from app.db import SessionLocal
        from app.models import Customer
        from app.telling import listed


        class Service:
            def __init__(self, session):
                self.session = session

            def rename(self, customer_id, name):
                customer = self.session.get(Customer, customer_id)
                customer.name = name

            def show(self, customer_id):
                listed(self.session.get(Customer, customer_id).orders)


        def run(customer_id):
            session = SessionLocal()
            service = Service(session)
            service.rename(customer_id, "new")
            service.show(customer_id)
            session.close()
    """,
    "app/pages.py": """
        from flask import render_template

        from app.db import SessionLocal
        from app.models import Order


        def page():
            with SessionLocal() as session:
                orders = session.query(Order).all()
            return render_template("orders.html", orders=orders)
    """,
    "app/stores.py": """
        from sqlalchemy.orm import Session, sessionmaker
        from app.db import engine
        from app.models import Order


        class Store(Session):
            def keep(self, order):
                self.add(order)
                self.commit()

        StoreLocal = sessionmaker(engine, class_=Store)


        def kept(store: Store, order):
            store.keep(order)
            return order.status


        def keep_all(orders):
            with StoreLocal() as store:
                for order in orders:
                    kept(store, order)
            with Store(engine) as store:
                store.keep(Order())
    """,
    "app/templates/orders.html": """
        {% from "macros.html" import named %}
        {% for order in orders %}
          {% include "row.html" %}
          {{ named(order) }}
        {% endfor %}
    """,
    "app/templates/row.html": """
        <p>{{ order.status }}</p>
    """,
    "app/templates/macros.html": """
        {% macro named(order) %}{{ order.customer.name }}{% endmacro %}
    """,
    "notes.md": """
        # Notes

        ```python
        with Session() as session:
            order = session.get(Order, 1)
        print(order.customer.name)
        ```
    """,
}
