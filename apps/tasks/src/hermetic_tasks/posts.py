"""The endpoints of posts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from .documented import LOCATION, told
from .dtos import PostCreate, PostRead
from .listing import Part
from .models import MOST_KEY, Post
from .problems import BROKEN, BUSY, INVALID, MISSING, UNKNOWN, UNREADABLE, Refusal
from .queries import POST, POSTS
from .sessions import Reader, Unit

router = APIRouter(prefix="/posts", tags=["posts"], responses=told(INVALID, BUSY, BROKEN))

PostKey = Annotated[int, Path(ge=1, le=MOST_KEY, description="The key of a post.")]


@router.post("", status_code=201, responses={**told(UNKNOWN, INVALID, UNREADABLE), 201: {"headers": LOCATION}})
def create_post(wanted: PostCreate, session: Unit, response: Response) -> PostRead:
    """Make a post."""
    post = Post(**wanted.model_dump())
    session.add(post)
    session.flush()
    response.headers["Location"] = f"/posts/{post.id}"
    return POST.one(session, {"id": post.id})


@router.get("")
def list_posts(part: Annotated[Part, Query()], session: Reader) -> list[PostRead]:
    """Posts with their authors: one query, however many there are."""
    return POSTS.all(session, part.model_dump())


@router.get("/{post_id}", responses=told(MISSING))
def get_post(post_id: PostKey, session: Reader) -> PostRead:
    """A post with its author, who comes by a join."""
    post = POST.one(session, {"id": post_id}, default=None)
    if post is None:
        raise Refusal(MISSING)
    return post
