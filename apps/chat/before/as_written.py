"""The chat service in the patterns of the document, each with what comes of it; run it, and read what it prints."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.request import urlopen

from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, object_session, relationship, sessionmaker

engine = create_engine("sqlite:///before.db")
SessionLocal = sessionmaker(engine)


class Base(DeclarativeBase):
    pass


class User(Base):
    __tablename__ = "users"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str]
    email: Mapped[str | None]
    sessions: Mapped[list["ChatSession"]] = relationship(back_populates="user")


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


@contextmanager
def get_db():
    session = SessionLocal()
    try:
        yield session
    finally:
        session.close()


def add_message(session_id, content):
    """The problem: the object that is returned is expired, and its session gone."""
    with get_db() as session:
        message = Message(session_id=session_id, content=content)
        session.add(message)
        session.commit()
        return message


def get_or_create_user(username):
    """The document's cure: refresh, expunge, return."""
    with get_db() as session:
        user = session.scalars(select(User).where(User.username == username)).first()
        if user is None:
            user = User(username=username, email="ada@example.org")
            session.add(user)
            session.commit()
            session.refresh(user)
        session.expunge(user)
        return user


def create_chat_session(user_id, title):
    """Expunged one line too early."""
    with get_db() as session:
        chat = ChatSession(user_id=user_id, title=title)
        session.add(chat)
        session.expunge(chat)
        session.commit()


def update_user(data):
    """The document's update by merge, with the data of a form that has no e-mail in it."""
    with get_db() as session:
        user = session.merge(User(**data))
        session.commit()
        session.refresh(user)
        session.expunge(user)
        return user


def answer(session_id):
    """The model is asked while the transaction is open."""
    with get_db() as session:
        history = session.scalars(select(Message).where(Message.session_id == session_id)).all()
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


def greet():
    message = add_message(1, "Hello")
    return message.content


def titles():
    ada = get_or_create_user("Ada")
    assert object_session(ada) is None
    return [chat.title for chat in ada.sessions]


def rename():
    ada = get_or_create_user("Ada")
    ada.username = "Ada Lovelace"
    with get_db() as session:
        return session.scalars(select(User.username)).all()


def chats():
    create_chat_session(1, "First")
    with get_db() as session:
        return session.scalars(select(ChatSession.title)).all()


def form():
    update_user({"id": 1, "username": "Ada", "email": None})
    with get_db() as session:
        return session.scalars(select(User.email)).all()


def nobody():
    update_user({"id": 4711, "username": "Nobody"})
    with get_db() as session:
        return session.scalars(select(User.username).order_by(User.id)).all()


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), SlowModel)
    MODEL = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
    get_or_create_user("Ada")
    tell("a message that was added", greet)
    tell("the chats of a user that passed the test", titles)
    tell("users after one was renamed", rename)
    tell("chats after one was created", chats)
    tell("the e-mail after a form without one", form)
    tell("users after an update of nobody", nobody)
    tell("the answer", lambda: answer(1))
    engine.dispose()
    server.shutdown()
    server.server_close()
