"""What users complained of: the first log-in fails, and so does the admin page."""

from datetime import UTC, datetime

from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker
from tables import AuditLog, Base, User, first_rows

engine = create_engine("sqlite://")
SessionLocal = sessionmaker(engine)


def log_in(username: str) -> User:
    db = SessionLocal()
    user = db.scalars(select(User).where(User.username == username)).one()
    user.last_login = datetime.now(UTC)
    db.commit()
    db.close()
    return user


def audit_logs() -> list[AuditLog]:
    with SessionLocal() as db:
        return list(db.scalars(select(AuditLog).order_by(AuditLog.id.desc())))


def greet() -> str:
    user = log_in("olga")
    return f"Welcome, {user.full_name}"


def admin_page() -> list[str]:
    return [f"{entry.user.username}: {entry.action}" for entry in audit_logs()]


Base.metadata.create_all(engine)
with SessionLocal.begin() as db:
    db.add(first_rows())
for page in (greet, admin_page):
    try:
        print(page())
    except Exception as error:
        print(f"{page.__name__}: {type(error).__name__}")
