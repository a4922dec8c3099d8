"""`hermetic run` before the servers that people use: real requests, real workers, and the signal that ends them."""

from __future__ import annotations

import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.watch.running import Running, answer, argv, eventually, found, free_port, running, says

LISTEN = {"uvicorn": "--port {}", "gunicorn": "--bind 127.0.0.1:{}", "flask": "--port {}"}


def on_port(command: str, port: int) -> tuple[str, ...]:
    """A server's command line, with a port of its own."""
    return argv(f"{command} {LISTEN[command.split()[0]].format(port)}")


@pytest.mark.parametrize(
    "command", ["flask --app pages run", "flask --app pages run --debug", "uvicorn api:app --reload"]
)
def test_a_server_is_watched(tmp_path: Path, command: str) -> None:
    """Every request counts, and the process that answers is the one that is named."""
    port = free_port()
    with running(tmp_path, *on_port(command, port)) as program:
        pids = {int(answer(f"http://127.0.0.1:{port}/names")[-1]) for _ in range(2)}
        program.line(", 10 times)")
        seen = program.ended(signal.SIGTERM)

    assert {("n-plus-one", "names"): 10} == found(seen)
    assert pids == set(seen["findings"][0]["seen"]["pids"])
    assert pids <= {process["pid"] for process in seen["run"]["processes"]}


def test_a_page_is_watched(tmp_path: Path) -> None:
    """Streamlit runs a script whenever a browser asks for it, here over the socket that a browser opens."""
    port = free_port()
    options = ("--server.headless", "true", "--server.address", "127.0.0.1", "--server.port", str(port))
    command = (*argv("streamlit run board.py"), *options, "--browser.gatherUsageStats", "false")
    from streamlit.proto.BackMsg_pb2 import BackMsg  # takes half a second, which no other test should

    again = BackMsg()
    again.rerun_script.query_string = ""
    with running(tmp_path, *command, HOME=str(tmp_path)) as program:
        eventually(lambda: says(f"http://127.0.0.1:{port}/_stcore/health"), "streamlit is there")
        with connect(f"ws://127.0.0.1:{port}/_stcore/stream", subprotocols=[Subprotocol("streamlit")]) as browser:
            for line in (" n-plus-one ", ", 10 times)"):
                browser.send(again.SerializeToString())
                program.line(line)
        seen = program.ended(signal.SIGTERM)

    assert {("n-plus-one", "names"): 10} == found(seen)


@pytest.mark.parametrize(
    "command", ["uvicorn api:app --workers 2", "gunicorn pages:app -w 2", "gunicorn pages:app -w 2 --preload"]
)
def test_every_worker_is_watched(tmp_path: Path, command: str) -> None:
    """Whether workers are spawned or forked, before the program is imported or after it; what they see is one finding."""
    port = free_port()
    with running(tmp_path, *on_port(command, port)) as program:
        workers = eventually(lambda: both(program, f"http://127.0.0.1:{port}/names"), "two workers tell what they saw")
        seen = program.ended(signal.SIGTERM)

    assert [("n-plus-one", "names")] == list(found(seen))
    assert workers == set(seen["findings"][0]["seen"]["pids"])
    assert workers <= {process["pid"] for process in seen["run"]["processes"]}


def both(program: Running, url: str) -> set[int]:
    """Ask often, at the same time; the workers, once they are named together in a line."""
    with ThreadPoolExecutor(4) as pool:
        pids = {int(names[-1]) for names in pool.map(answer, [url] * 4)}
    named = [line for line in program.lines() if all(str(pid) in line for pid in pids)]
    return pids if len(pids) == 2 and any(" n-plus-one " in line for line in named) else set()
