"""What the names of SQLAlchemy, its relatives and the outside world mean to a session: one table per question."""

from __future__ import annotations

import ast
import re

from ..._lifecycle.records import WaitKind

SYNC_SESSIONS = frozenset({
    "sqlalchemy.orm.Session", "sqlalchemy.orm.session.Session", "sqlmodel.Session", "sqlmodel.orm.session.Session",
    "flask_sqlalchemy.session.Session", "sqlalchemy.orm.scoping.scoped_session", "sqlalchemy.orm.scoped_session",
})  # fmt: skip
ASYNC_SESSIONS = frozenset({
    "sqlalchemy.ext.asyncio.AsyncSession", "sqlalchemy.ext.asyncio.session.AsyncSession",
    "sqlmodel.ext.asyncio.session.AsyncSession", "sqlalchemy.ext.asyncio.async_scoped_session",
})  # fmt: skip
MAKERS = {
    "sqlalchemy.orm.sessionmaker": False, "sqlalchemy.orm.session.sessionmaker": False,
    "sqlalchemy.ext.asyncio.async_sessionmaker": True, "sqlalchemy.ext.asyncio.session.async_sessionmaker": True,
    "sqlalchemy.orm.create_session": False,
}  # fmt: skip
SCOPED = {
    "sqlalchemy.orm.scoped_session": False, "sqlalchemy.orm.scoping.scoped_session": False,
    "sqlalchemy.ext.asyncio.async_scoped_session": True, "sqlalchemy.ext.asyncio.scoping.async_scoped_session": True,
}  # fmt: skip
ENGINES = {
    "sqlalchemy.create_engine": False, "sqlalchemy.engine.create_engine": False, "sqlmodel.create_engine": False,
    "sqlalchemy.engine.create.create_engine": False, "sqlalchemy.engine_from_config": False,
    "sqlalchemy.ext.asyncio.create_async_engine": True, "sqlalchemy.ext.asyncio.engine.create_async_engine": True,
    "sqlalchemy.ext.asyncio.async_engine_from_config": True,
}  # fmt: skip
ENGINE_TYPES = {
    "sqlalchemy.Engine": False, "sqlalchemy.engine.Engine": False, "sqlalchemy.engine.base.Engine": False,
    "sqlalchemy.future.Engine": False, "sqlalchemy.ext.asyncio.AsyncEngine": True,
    "sqlalchemy.ext.asyncio.engine.AsyncEngine": True,
}  # fmt: skip
CONNECTION_TYPES = {
    "sqlalchemy.Connection": False, "sqlalchemy.engine.Connection": False, "sqlalchemy.engine.base.Connection": False,
    "sqlalchemy.ext.asyncio.AsyncConnection": True,
}  # fmt: skip
FLASK_SQLALCHEMY = "flask_sqlalchemy.SQLAlchemy"

FLASK_QUERIES = {"get_or_404": "get_one", "first_or_404": "scalar", "one_or_404": "scalar", "paginate": "paginate"}

SELECTS = frozenset({"sqlalchemy.select", "sqlmodel.select", "sqlalchemy.future.select", "sqlalchemy.sql.select", "sqlalchemy.sql.expression.select", "sqlmodel.sql.expression.select"})  # fmt: skip
WRITES = {
    "sqlalchemy.insert": "insert", "sqlalchemy.update": "update", "sqlalchemy.delete": "delete",
    "sqlalchemy.sql.insert": "insert", "sqlalchemy.sql.update": "update", "sqlalchemy.sql.delete": "delete",
    "sqlalchemy.sql.expression.insert": "insert", "sqlalchemy.sql.expression.update": "update",
    "sqlalchemy.sql.expression.delete": "delete", "sqlalchemy.dialects.postgresql.insert": "insert",
    "sqlalchemy.dialects.sqlite.insert": "insert", "sqlalchemy.dialects.mysql.insert": "insert",
    "sqlmodel.insert": "insert", "sqlmodel.update": "update", "sqlmodel.delete": "delete",
}  # fmt: skip
LOCKS_BY_NAME = re.compile(r"\bpg_(try_)?advisory_lock(_shared)?\b|\bget_lock\b|\bsp_getapplock\b", re.IGNORECASE)
TEXTS = frozenset({"sqlalchemy.text", "sqlalchemy.sql.text", "sqlalchemy.sql.expression.text", "sqlmodel.text"})

LOADER_OPTIONS = frozenset({
    "joinedload", "selectinload", "subqueryload", "immediateload", "lazyload", "contains_eager", "raiseload", "noload",
    "load_only", "defer", "undefer", "defaultload",
})  # fmt: skip
OPTION_HOMES = ("sqlalchemy.orm.", "sqlmodel.", "sqlalchemy.orm.strategy_options.")

SINGLE_CONNECTION_POOLS = frozenset({"StaticPool", "SingletonThreadPool", "AssertionPool"})

THREAD_HOPS = frozenset({
    "asyncio.to_thread", "starlette.concurrency.run_in_threadpool", "fastapi.concurrency.run_in_threadpool",
    "anyio.to_thread.run_sync", "asgiref.sync.sync_to_async", "sqlalchemy.util.concurrency.greenlet_spawn",
})  # fmt: skip
GATHERS = frozenset({"asyncio.gather", "asyncio.wait", "asyncio.as_completed"})
TASK_STARTERS = frozenset({"asyncio.create_task", "asyncio.ensure_future"})
TASK_GROUPS = frozenset({"asyncio.TaskGroup", "anyio.create_task_group", "asyncio.taskgroups.TaskGroup"})
LOCKS = frozenset({
    "asyncio.Lock", "asyncio.locks.Lock", "anyio.Lock", "threading.Lock", "threading.RLock", "multiprocessing.Lock",
    "filelock.FileLock", "redis.lock.Lock", "redis.asyncio.lock.Lock",
})  # fmt: skip
_LOCK_NAME = re.compile(r"(^|_)(r|redis_?|file_?)?lock(_for)?$|^(FileLock|RedisLock|DistributedLock|mutex)$")
THREAD_STARTERS = frozenset({"threading.Thread", "threading.Timer", "_thread.start_new_thread"})
EXECUTORS = frozenset({
    "concurrent.futures.ThreadPoolExecutor", "concurrent.futures.thread.ThreadPoolExecutor",
    "concurrent.futures.ProcessPoolExecutor", "multiprocessing.pool.ThreadPool", "multiprocessing.Pool",
})  # fmt: skip

CONTEXT_MANAGERS = frozenset({"contextlib.contextmanager", "contextlib.asynccontextmanager"})
CONTEXT_TYPES = frozenset({
    "AbstractContextManager", "AbstractAsyncContextManager", "ContextManager", "AsyncContextManager",
    "_GeneratorContextManager", "_AsyncGeneratorContextManager",
})  # fmt: skip
CONTEXT_VARIABLE = "contextvars.ContextVar"
HELD_BY_TYPE = {
    "strawberry.Info": "context", "strawberry.types.Info": "context", "strawberry.types.info.Info": "context",
    "pydantic_ai.RunContext": "deps", "agents.RunContextWrapper": "context", "langgraph.runtime.Runtime": "context",
}  # fmt: skip
SCHEMA_DUMPS = frozenset({"dump", "dumps", "jsonify"})
CACHES = frozenset({
    "functools.lru_cache", "functools.cache", "streamlit.cache_resource", "streamlit.cache_data",
    "streamlit.experimental_singleton", "cachetools.cached", "cachetools.cachedmethod", "cachetools.func.lru_cache", "cachetools.func.ttl_cache",
    "functools.cached_property", "async_lru.alru_cache",
})  # fmt: skip
FIXTURES = frozenset(
    {"pytest.fixture", "pytest_asyncio.fixture", "pytest.yield_fixture", "pytest_asyncio.plugin.fixture"}
)
PROPERTIES = frozenset({"property", "functools.cached_property", "sqlalchemy.ext.hybrid.hybrid_property"})

_HTTP_VERBS = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "request", "send", "stream", "urlopen"})  # fmt: skip
_OUTSIDE_FUNCTIONS: dict[str, WaitKind] = {
    "time.sleep": "sleep", "asyncio.sleep": "sleep", "anyio.sleep": "sleep", "trio.sleep": "sleep", "gevent.sleep": "sleep",
    "urllib.request.urlopen": "http", "urllib.request.urlretrieve": "http",
    "subprocess.run": "process", "subprocess.call": "process", "subprocess.check_call": "process",
    "subprocess.check_output": "process", "os.system": "process", "asyncio.create_subprocess_exec": "process",
    "asyncio.create_subprocess_shell": "process", "anyio.run_process": "process",
    "litellm.completion": "model", "litellm.acompletion": "model", "litellm.embedding": "model", "litellm.aembedding": "model",
    "openai.ChatCompletion.create": "model", "smtplib.SMTP": "mail", "smtplib.SMTP_SSL": "mail",
}  # fmt: skip
_HTTP_HOMES = frozenset({"requests", "httpx", "httpx2", "aiohttp", "niquests", "urllib3", "requests_html", "curl_cffi"})
_HTTP_CLIENTS = frozenset({
    "requests.Session", "requests.sessions.Session", "httpx.Client", "httpx.AsyncClient", "httpx2.Client", "httpx2.AsyncClient",
    "aiohttp.ClientSession", "aiohttp.client.ClientSession", "urllib3.PoolManager",
})  # fmt: skip
_MODEL_CLIENTS = frozenset({"openai", "anthropic", "ollama", "cohere", "mistralai", "groq", "together"})
_MODEL_CALLS = frozenset(
    {"create", "parse", "generate", "chat", "embeddings", "complete", "stream", "generate_content"}
)
_CHAIN_HOMES = frozenset({"langchain", "langchain_core", "langchain_openai", "langchain_anthropic", "langgraph", "llama_index"})  # fmt: skip
_CHAIN_CALLS = frozenset(
    {"invoke", "ainvoke", "stream", "astream", "predict", "apredict", "query", "aquery", "agenerate"}
)
_TOOL_CALLS = frozenset({"call_tool", "list_tools", "read_resource", "get_prompt", "initialize"})
_SMTP_CALLS = frozenset({"sendmail", "send_message", "login", "connect", "starttls"})


def outside_wait(name: str) -> WaitKind | None:
    """The kind of wait (`http`, `mail`, `model`, `sleep`, `process`) that calling the external `name` means, or None.

    `name` is the dotted name of a function, or of a method on the dotted name of its class.
    """
    if name in _OUTSIDE_FUNCTIONS:
        return _OUTSIDE_FUNCTIONS[name]
    home, _, rest = name.partition(".")
    owner, _, call = name.rpartition(".")
    if home in _HTTP_HOMES and call in _HTTP_VERBS and (owner == home or owner in _HTTP_CLIENTS or home == "httpx"):
        return "http"
    if owner in _HTTP_CLIENTS and call in _HTTP_VERBS:
        return "http"
    if home in _MODEL_CLIENTS and call in _MODEL_CALLS and rest[:1].isupper():
        return "model"
    if home in _CHAIN_HOMES and call in _CHAIN_CALLS:
        return "model"
    if home in {"mcp", "fastmcp"} and call in _TOOL_CALLS:
        return "http"
    if home == "smtplib" and call in _SMTP_CALLS:
        return "mail"
    if owner.endswith(".WebSocket") and call.startswith(("receive", "iter_")):
        return "client"
    return None


_OUTSIDE_HOMES = _HTTP_HOMES | _MODEL_CLIENTS | _CHAIN_HOMES | {"mcp", "fastmcp", "smtplib", "subprocess", "urllib"}


def may_wait(name: str) -> bool:
    """Whether an external name, or something below it, may wait for the outside world."""
    return name in _OUTSIDE_FUNCTIONS or name.partition(".")[0] in _OUTSIDE_HOMES


def session_kind(name: str) -> bool | None:
    """Whether the class of this dotted name is an async session; None when it is no session class."""
    if name in SYNC_SESSIONS:
        return False
    if name in ASYNC_SESSIONS:
        return True
    return None


def loader_option(name: str) -> str | None:
    """The loader option that an external name is: `joinedload` for `sqlalchemy.orm.joinedload`."""
    tail = name.rpartition(".")[2]
    return tail if tail in LOADER_OPTIONS and name.startswith(OPTION_HOMES) else None


def is_lock(node: ast.AST) -> bool:
    """Whether a context manager is called a lock: `self._lock`, `redis.lock("stock")`, `locks[key]`."""
    while isinstance(node, (ast.Call, ast.Subscript, ast.Await)):
        node = node.func if isinstance(node, ast.Call) else node.value
    name: str = getattr(node, "attr", "") or getattr(node, "id", "")
    return _LOCK_NAME.search(name.removesuffix("s")) is not None


def locks_by_name(node: ast.AST) -> bool:
    """Whether a call spells the taking of an advisory lock: in its SQL, or as `func.pg_advisory_lock(…)`."""
    words = (getattr(part, "attr", None) or getattr(part, "value", None) for part in ast.walk(node))
    return any(isinstance(word, str) and LOCKS_BY_NAME.search(word) is not None for word in words)
