"""The same endpoints as this application has them."""

from typing import Annotated

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from pydantic import BaseModel
from sqlmodel import Field, Relationship, Session, SQLModel, col, select

from hermetic import Database, fetch, fetch_one
from hermetic.integrations.fastapi import attach


class Author(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str


class Post(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    author_id: int = Field(foreign_key="author.id")
    author: Author | None = Relationship()


class AuthorRead(BaseModel):
    name: str


class PostRead(BaseModel):
    title: str
    author: AuthorRead


db = Database("sqlite:///after.db", session_class=Session)
app = FastAPI()
host = attach(app, db)
Unit = Annotated[Session, Depends(host.begin)]
Reader = Annotated[Session, Depends(host.read)]


@app.post("/posts", status_code=201)
def create_post(title: str, session: Unit):
    session.add(Post(title=title, author_id=1))
    return {"title": title}


@app.get("/posts")
def list_posts(session: Reader, skip: int = 0, limit: int = 50) -> list[PostRead]:
    return fetch(session, PostRead, select(Post).order_by(col(Post.id)).offset(skip).limit(limit))


def get_post(post_id: int) -> PostRead:
    with db.read() as session:
        return fetch_one(session, PostRead, select(Post).where(Post.id == post_id))


if __name__ == "__main__":
    SQLModel.metadata.drop_all(db.engine)
    SQLModel.metadata.create_all(db.engine)
    with db.begin() as session:
        authors = [Author(name=name) for name in ("Ada", "Grace", "Mei", "Rafael", "Ingrid", "Jonas")]
        session.add_all(authors)
        session.flush()
        session.add_all(Post(title=f"By {author.name}", author_id=author.id) for author in authors)
    client = TestClient(app)
    print("told", client.post("/posts?title=New").status_code)
    print(len(client.get("/posts").json()), "posts of", 7)
    print(get_post(1).author.name)
