"""The endpoints of authors."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from .documented import LOCATION, told
from .dtos import AuthorCreate, AuthorRead, AuthorWithPosts
from .listing import Part
from .models import MOST_KEY, Author
from .problems import BROKEN, BUSY, DUPLICATE, IN_USE, INVALID, MISSING, UNREADABLE, Refusal
from .queries import AUTHOR, AUTHORS
from .sessions import Reader, Unit

router = APIRouter(prefix="/authors", tags=["authors"], responses=told(INVALID, BUSY, BROKEN))

AuthorKey = Annotated[int, Path(ge=1, le=MOST_KEY, description="The key of an author.")]


@router.post("", status_code=201, responses={**told(DUPLICATE, UNREADABLE), 201: {"headers": LOCATION}})
def create_author(wanted: AuthorCreate, session: Unit, response: Response) -> AuthorRead:
    """Make an author."""
    author = Author(**wanted.model_dump())
    session.add(author)
    session.flush()
    response.headers["Location"] = f"/authors/{author.id}"
    return AuthorRead.model_validate(author)


@router.get("")
def list_authors(part: Annotated[Part, Query()], session: Reader) -> list[AuthorRead]:
    """Authors in the order of their keys."""
    return AUTHORS.all(session, part.model_dump())


@router.get("/{author_id}", responses=told(MISSING))
def get_author(author_id: AuthorKey, session: Reader) -> AuthorWithPosts:
    """An author with all posts: two queries, however many there are."""
    author = AUTHOR.one(session, {"id": author_id}, default=None)
    if author is None:
        raise Refusal(MISSING)
    return author


@router.delete("/{author_id}", status_code=204, responses=told(MISSING, IN_USE))
def delete_author(author_id: AuthorKey, session: Unit) -> None:
    """Delete an author to whom nothing belongs."""
    author = session.get(Author, author_id)
    if author is None:
        raise Refusal(MISSING)
    session.delete(author)
