"""What the document says of sessions, tried out: who commits, what can be read afterwards, which pages there are."""

from fastapi import Depends, FastAPI
from fastapi.testclient import TestClient
from sqlmodel import Field, Relationship, Session, SQLModel, create_engine


class Author(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    name: str


class Post(SQLModel, table=True):
    id: int | None = Field(default=None, primary_key=True)
    title: str
    author_id: int = Field(foreign_key="author.id")
    author: Author | None = Relationship()


engine = create_engine("sqlite:///first.db")
app = FastAPI()


def get_session():
    with Session(engine) as session:
        yield session  # "any open transaction commits on success"


@app.post("/posts", status_code=201)
def create_post(title: str, session: Session = Depends(get_session)):
    session.add(Post(title=title, author_id=1))
    return {"title": title}


@app.get("/posts")
def list_posts(skip: int = 0, limit: int = 50, session: Session = Depends(get_session)):
    posts = session.query(Post).offset(skip).limit(limit).all()
    return [{"title": post.title, "author": post.author.name} for post in posts]


def get_post(post_id: int):
    with Session(engine) as session:
        post = session.get(Post, post_id)
        session.refresh(post)  # "now detached, but its data is loaded"
        return post


if __name__ == "__main__":
    SQLModel.metadata.drop_all(engine)
    SQLModel.metadata.create_all(engine)
    with Session(engine) as session:
        authors = [Author(name=name) for name in ("Ada", "Grace", "Mei", "Rafael", "Ingrid", "Jonas")]
        session.add_all(authors)
        session.flush()
        session.add_all(Post(title=f"By {author.name}", author_id=author.id) for author in authors)
        session.commit()
    client = TestClient(app)
    print("told", client.post("/posts?title=New").status_code)
    print(len(client.get("/posts").json()), "posts of", 7)
    try:
        print(get_post(1).author.name)
    except Exception as error:
        print(type(error).__name__)
