"""The document's cure: query again after the commit, touch every attribute, expunge."""

from datetime import UTC, datetime

from sqlalchemy import create_engine, select
from sqlalchemy.orm import sessionmaker
from tables import AuditLog, Base, User, first_rows

engine = create_engine("sqlite://")
SessionLocal = sessionmaker(engine)


def log_in(username: str) -> User:
    db = SessionLocal()
    user = db.scalars(select(User).where(User.username == username)).one()
    user_id = user.id
    user.last_login = datetime.now(UTC)
    db.commit()
    user = db.query(User).filter(User.id == user_id).first()
    _ = user.username
    _ = user.full_name
    db.expunge(user)
    db.close()
    return user


def edit_profile(full_name: str) -> str:
    user = log_in("olga")
    user.full_name = full_name
    with SessionLocal() as db:
        db.commit()
        return db.scalars(select(User.full_name)).one()


def newest_entry() -> AuditLog:
    with SessionLocal() as db:
        entry = db.query(AuditLog).order_by(AuditLog.id.desc()).first()
        _ = entry.action
        db.expunge(entry)
    return entry


def admin_page() -> str:
    return newest_entry().user.username


Base.metadata.create_all(engine)
with SessionLocal.begin() as db:
    db.add(first_rows())
print(f"saved: {edit_profile('Olga S. Petrova')}")
try:
    print(admin_page())
except Exception as error:
    print(f"admin_page: {type(error).__name__}")
