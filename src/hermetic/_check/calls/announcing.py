"""Who is told of work from inside a program: clients by responses, workers, queues and readers of mail."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from ..._lifecycle.records import Announced, ToldHow
from ..paths.state import State, site_of
from ..paths.values import Call
from ..program.modules import Function

if TYPE_CHECKING:
    from ..paths.flow import Flow
    from ..paths.outcomes import Exit

_WORDS: tuple[tuple[ToldHow, re.Pattern[str]], ...] = (
    ("task", re.compile(r"\.(delay|apply_async|send_task|send_with_options|enqueue_job|kiq|defer_async)$")),
    ("task", re.compile(r"(^|[._])(queue|q|rq|scheduler|arq|pool)\.enqueue(_in|_at|_call|_job)?$", re.IGNORECASE)),
    ("acknowledgement", re.compile(r"\.(ack|basic_ack|acknowledge)$")),
    ("acknowledgement", re.compile(r"sqs\w*\.delete_message(_batch)?$", re.IGNORECASE)),
    ("message", re.compile(r"\.(basic_publish|send_and_wait)$")),
    ("message", re.compile(r"(sns|channel|exchange|publisher|pubsub|redis|broker)\w*(\(\))?\.(publish|xadd)$", re.IGNORECASE)),
    ("message", re.compile(r"(sqs\w*\.send_message|producer\w*\.(send|produce))$", re.IGNORECASE)),
    ("mail", re.compile(r"(smtp|mailer|fastmail|\bmail)\w*(\(\))?\.(send|send_message|sendmail|send_mail|send_email)$", re.IGNORECASE)),
    ("mail", re.compile(r"(^|\.)send_e?mail(_message)?$")),
)  # fmt: skip

_TAILS = frozenset({
    "delay", "apply_async", "send_task", "send_with_options", "enqueue_job", "kiq", "defer_async", "enqueue", "enqueue_in",
    "enqueue_at", "enqueue_call", "ack", "basic_ack", "acknowledge", "delete_message", "delete_message_batch",
    "basic_publish", "send_and_wait", "publish", "xadd", "send_message", "send", "produce", "sendmail", "send_mail",
    "send_email", "send_mail_message", "send_email_message",
})  # fmt: skip


def announce(flow: Flow, call: Call, state: State, what: str = "") -> None:
    """A call of something unknown may tell somebody of what was done, as far as its name says."""
    node = call.node
    if not isinstance(node, ast.Call):
        return
    name = what if "." in what else _spelled(node.func)
    how: ToldHow | None = None
    if name.rpartition(".")[2] in _TAILS:
        how = next((how for how, words in _WORDS if words.search(name)), None)
    if how is None and _is_actor(flow, node):
        how = "task"
    if how is None and _is_application(node):
        how = "response"
    if how is not None:
        flow.emit(state, Announced(how=how, what=_spelled(node.func), site=flow.site(node)))


def responded(flow: Flow, provider: Function, exits: list[Exit]) -> None:
    """The endpoint has returned: its client gets the response before the provider's generator goes on."""
    places = (node for node in flow.analyzer.walk(provider) if isinstance(node, (ast.Yield, ast.YieldFrom)))
    site = site_of(next(places, provider.node), provider.module)
    for exit in exits:
        if exit.kind != "raise":
            flow.emit(exit.state, Announced(how="response", what=provider.name, site=site))


def _spelled(node: ast.expr) -> str:
    """The dotted name of a callee; calls on the way to it are left out: `get_queue().enqueue` is `get_queue.enqueue`."""
    match node:
        case ast.Attribute(value=value, attr=attr):
            inner = _spelled(value)
            return f"{inner}.{attr}" if inner else f".{attr}"
        case ast.Name(id=name):
            return name
        case ast.Call(func=func) | ast.Await(value=func) | ast.Subscript(value=func):
            return _spelled(func)
        case _:
            return ""


def _is_actor(flow: Flow, node: ast.Call) -> bool:
    """`mail.send(order_id)`, where `mail` is an actor of dramatiq's: a worker gets the message."""
    if not (isinstance(node.func, ast.Attribute) and node.func.attr == "send"):
        return False
    found = flow.module.project.resolve_expr(flow.module, node.func.value)
    return isinstance(found, Function) and "dramatiq.actor" in flow.analyzer.decorators(found)


def _is_application(node: ast.Call) -> bool:
    """`await self.app(scope, receive, send)`: a middleware lets the application answer."""
    names = [getattr(arg, "id", "") for arg in node.args]
    return len(names) == 3 and names[0] == "scope" and names[1].startswith("receive") and names[2].startswith("send")
