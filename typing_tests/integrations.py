"""What type checkers infer for hosts; checked, never run."""

from __future__ import annotations

from typing import assert_type

from celery import Celery  # type: ignore[import-untyped]  # Celery has no types
from fastapi import FastAPI
from flask import Flask
from sqlmodel import Session as SQLModelSession
from starlette.applications import Starlette
from starlette.requests import Request
from taskiq import InMemoryBroker

from hermetic import AsyncDatabase, Database
from hermetic.integrations import celery, click, fastapi, flask, starlette, streamlit, taskiq
from hermetic.scopes import AsyncScopeSession, ScopeSession


async def requests(request: Request) -> None:
    on_loop, plain = AsyncDatabase("…"), Database("…")
    own = Database("…", session_class=SQLModelSession)
    assert_type(fastapi.attach(FastAPI(), on_loop), fastapi.Host[AsyncScopeSession])
    assert_type(fastapi.attach(FastAPI(), plain), fastapi.Host[ScopeSession])
    assert_type(await starlette.attach(Starlette(), on_loop).begin(request), AsyncScopeSession)
    assert_type(flask.attach(Flask("…"), plain).begin(), ScopeSession)
    assert_type(flask.attach(Flask("…"), own).read(), SQLModelSession)
    assert_type(streamlit.attach("…"), streamlit.Host[ScopeSession])
    assert_type(streamlit.attach("…", session_class=SQLModelSession), streamlit.Host[SQLModelSession])


def commands_and_tasks() -> None:
    @celery.attach(Celery(), Database("…")).begin
    def task(session: ScopeSession, number: int) -> str:
        return str(number)

    @taskiq.attach(InMemoryBroker(), AsyncDatabase("…")).begin
    async def job(session: AsyncScopeSession, number: int) -> str:
        return str(number)

    @click.attach(Database("…")).begin
    def command(session: ScopeSession, number: int) -> None: ...

    assert_type(task(5), str)
    command(number=5)
    job("five")  # type: ignore[arg-type]  # the session is given, the rest is checked
