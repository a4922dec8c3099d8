"""The tasks API in the patterns of the document: a session by `yield`, commit and refresh in each endpoint, query() for lists."""

import os
from datetime import UTC, date, datetime

from fastapi import Depends, FastAPI, HTTPException, Query
from sqlalchemy.exc import IntegrityError
from sqlmodel import Field, Session, SQLModel, create_engine

engine = create_engine(
    os.environ.get("DATABASE_URL", "sqlite:///./tasks.db"), pool_size=int(os.environ.get("POOL_SIZE", "5"))
)
app = FastAPI()


class Task(SQLModel, table=True):
    __tablename__ = "tasks"

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(unique=True)
    description: str = ""
    status: str = Field(default="todo", index=True)
    priority: str = Field(default="medium", index=True)
    due: date | None = None
    owner_id: int | None = Field(default=None, index=True)
    version: int = 1
    created_at: datetime = Field(default_factory=lambda: datetime.now(UTC))
    updated_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


class TaskCreate(SQLModel):
    title: str
    description: str = ""
    status: str = "todo"
    priority: str = "medium"
    due: date | None = None


class TaskUpdate(SQLModel):
    title: str | None = None
    status: str | None = None
    priority: str | None = None


class TaskRead(SQLModel):
    id: int
    title: str
    description: str
    status: str
    priority: str
    due: date | None
    owner_id: int | None
    version: int
    created_at: datetime
    updated_at: datetime


def get_session():
    with Session(engine) as session:
        yield session


@app.post("/tasks", status_code=201)
def create_task(wanted: TaskCreate, session: Session = Depends(get_session)):
    try:
        task = Task(**wanted.model_dump())
        session.add(task)
        session.commit()
        session.refresh(task)
        return task
    except IntegrityError:
        session.rollback()
        raise HTTPException(status_code=422, detail="Duplicate task")


@app.put("/tasks/{task_id}")
def update_task(task_id: int, wanted: TaskUpdate, session: Session = Depends(get_session)):
    task = session.get(Task, task_id)
    if not task:
        raise HTTPException(status_code=404)
    for key, value in wanted.model_dump(exclude_unset=True).items():
        setattr(task, key, value)
    try:
        session.add(task)
        session.commit()
        session.refresh(task)
        return task
    except Exception as error:
        session.rollback()
        raise HTTPException(status_code=500, detail=str(error))


@app.get("/tasks")
def list_tasks(
    skip: int = Query(0, ge=0),
    limit: int = Query(50, ge=1, le=100),
    status: str | None = None,
    priority: str | None = None,
    session: Session = Depends(get_session),
):
    query = session.query(Task)
    if status:
        query = query.filter(Task.status == status)
    if priority:
        query = query.filter(Task.priority == priority)
    return query.offset(skip).limit(limit).all()


@app.get("/modelled/tasks", response_model=list[TaskRead])
def list_tasks_as_read(
    skip: int = Query(0, ge=0), limit: int = Query(50, ge=1, le=100), session: Session = Depends(get_session)
):
    return session.query(Task).offset(skip).limit(limit).all()


@app.get("/tasks/{task_id}", response_model=TaskRead)
def get_task(task_id: int, session: Session = Depends(get_session)):
    task = session.get(Task, task_id)
    if not task:
        raise HTTPException(status_code=404, detail="Task not found")
    return task


if __name__ == "__main__":
    from fastapi.testclient import TestClient

    SQLModel.metadata.drop_all(engine)
    SQLModel.metadata.create_all(engine)
    client = TestClient(app)
    for title in ("One", "Two"):
        client.post("/tasks", json={"title": title})
    both_have_read = client.get("/tasks/1").json()["status"]
    told = [client.put("/tasks/1", json={"status": status}).status_code for status in ("done", "in_progress")]
    print(
        "two clients change", both_have_read, "and are told", told, "kept is", client.get("/tasks/1").json()["status"]
    )
    refused = client.put("/tasks/1", json={"title": "Two"})
    print(refused.status_code, refused.json()["detail"].splitlines()[:2])
    print(len(client.get("/tasks?stauts=done").json()), "tasks are done")
