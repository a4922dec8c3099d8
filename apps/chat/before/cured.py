"""The same chat service on Hermetic: scopes for the work, projections for what leaves them."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from pydantic import BaseModel
from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship

from hermetic import Database, fetch, fetch_one

db = Database("sqlite:///cured.db")


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str | None]
    sessions: Mapped[list["ChatSession"]] = relationship(back_populates="user", order_by="ChatSession.id")


class ChatSession(Base):
    __tablename__ = "chat_sessions"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    user: Mapped[User] = relationship(back_populates="sessions")
    messages: Mapped[list["Message"]] = relationship(back_populates="session")


class Message(Base):
    __tablename__ = "messages"

    id: Mapped[int] = mapped_column(primary_key=True)
    content: Mapped[str]
    session_id: Mapped[int] = mapped_column(ForeignKey("chat_sessions.id"))
    session: Mapped[ChatSession] = relationship(back_populates="messages")


class ChatSessionRead(BaseModel):
    title: str


class UserRead(BaseModel):
    id: int
    username: str
    email: str | None
    sessions: list[ChatSessionRead]


class MessageRead(BaseModel):
    id: int
    content: str


class UserChange(BaseModel):
    username: str = ""
    email: str | None = None


def add_message(session_id, content):
    with db.begin() as session:
        message = Message(session_id=session_id, content=content)
        session.add(message)
        session.flush()
        return fetch_one(session, MessageRead, select(Message).where(Message.id == message.id))


def get_or_create_user(username):
    with db.begin() as session:
        wanted = select(User).where(User.username == username)
        user = fetch_one(session, UserRead, wanted, default=None)
        if user is None:
            session.add(User(username=username, email="ada@example.org"))
            user = fetch_one(session, UserRead, wanted)
        return user


def create_chat_session(user_id, title):
    with db.begin() as session:
        session.add(ChatSession(user_id=user_id, title=title))


def update_user(user_id, change):
    with db.begin() as session:
        session.get_one(User, user_id, with_for_update=True)
        session.merge(User(id=user_id, **change.model_dump(exclude_unset=True)))


def answer(session_id):
    with db.read() as session:
        history = fetch(session, MessageRead, select(Message).where(Message.session_id == session_id))
    return ask_model([message.content for message in history])


def ask_model(said):
    with urlopen(MODEL, data="\n".join(said).encode()) as reply:
        return reply.read().decode()


class SlowModel(BaseHTTPRequestHandler):
    """A model that takes its time."""

    def do_POST(self):
        said = self.rfile.read(int(self.headers["content-length"])).decode()
        time.sleep(1.5)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(f"{said}, and so on".encode())

    def log_message(self, *_):
        pass


def tell(what, work):
    try:
        print(f"{what}: {work()}")
    except Exception as error:
        print(f"{what}: {type(error).__name__}")


def titles():
    create_chat_session(1, "First")
    return [chat.title for chat in get_or_create_user("Ada").sessions]


def rename():
    update_user(1, UserChange(username="Ada Lovelace"))
    return users()


def users():
    with db.read() as session:
        return [(user.username, user.email) for user in fetch(session, UserRead, select(User).order_by(User.id))]


def nobody():
    update_user(4711, UserChange(username="Nobody"))


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowModel)
    MODEL = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Base.metadata.drop_all(db.engine)
    Base.metadata.create_all(db.engine)
    get_or_create_user("Ada")
    tell("the chats of a user", titles)
    tell("a message that was added", lambda: add_message(1, "Hello").content)
    tell("users after one was renamed", rename)
    tell("an update of nobody", nobody)
    tell("users after that", users)
    tell("the answer", lambda: answer(1))
    db.dispose()
    server.shutdown()
    server.server_close()
