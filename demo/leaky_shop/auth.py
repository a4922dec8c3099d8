"""Login, and the page that shows who did what."""

import hashlib
import hmac
from datetime import UTC, datetime

from .database import SessionLocal, get_db
from .models import AuditLog, User


class LoginFailed(Exception):
    pass


def password_matches(password: str, password_hash: str) -> bool:
    return hmac.compare_digest(hashlib.sha256(password.encode()).hexdigest(), password_hash)


def authenticate(username: str, password: str) -> User | None:
    db = SessionLocal()
    try:
        user = db.query(User).filter(User.username == username).first()
        if user is None or not password_matches(password, user.password_hash):
            return None
        user.last_login = datetime.now(UTC)
        db.add(AuditLog(user_id=user.id, action="login"))
        db.commit()
        return user
    finally:
        db.close()


def login(username: str, password: str) -> dict[str, object]:
    user = authenticate(username, password)
    if user is None:
        raise LoginFailed(username)
    return {"user_id": user.id, "name": user.full_name, "role": user.role}


def recent_logs(limit: int = 50) -> list[AuditLog]:
    with get_db() as db:
        return db.query(AuditLog).order_by(AuditLog.created_at.desc()).limit(limit).all()


def audit_table() -> list[dict[str, object]]:
    rows = []
    for log in recent_logs():
        rows.append({"at": log.created_at, "who": log.user.username, "what": log.action})
    return rows
