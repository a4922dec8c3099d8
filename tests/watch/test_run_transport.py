"""What processes say to a run arrives whole, once, and without keeping them waiting."""

from __future__ import annotations

import socket
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from hermetic._catalogue import Finding, Step
from hermetic._watch import Seen, Settings
from hermetic._watch.processes.address import Address
from hermetic._watch.processes.gathering import Gathered
from hermetic._watch.processes.listening import Ear
from hermetic._watch.processes.transport import Sender
from hermetic._watch.processes.wire import Hello, line, understood
from tests.watch.running import PATIENCE_S, eventually

LOST = Finding(
    "lost-write", "HM203", "warning", "proven", "orders.py", 7, 1, 7, 9, "2 changes are lost",
    (Step("orders.py", 3, "opened"),),
)  # fmt: skip


def hello(pid: int, started_ns: int = 1) -> Callable[[], Hello]:
    return lambda: Hello(pid=pid, ppid=1, started_ns=started_ns, argv=("app",), off=("x is off, because y",))


def seen(count: int, finding: Finding = LOST) -> Seen:
    return Seen(finding, count, 1.5, 10.0, 10.0 + count)


class Process:
    """A process as far as a run knows it: its sender, and the findings that it has by now."""

    def __init__(self, address: Address, pid: int, started_ns: int = 1) -> None:
        self.findings: list[Seen] = []
        self.sender = Sender(address, hello(pid, started_ns), lambda: self.findings, "/srv")

    def saw(self, *findings: Seen) -> None:
        """See something, and let it be sent in its own time."""
        self.findings[:] = findings
        self.sender.ring()


@pytest.fixture(params=["socket", "port"])
def ear(request: pytest.FixtureRequest) -> Iterator[Ear]:
    """A run that listens, on each kind of address."""
    with Ear(Settings(), Gathered(), by_port=request.param == "port") as ear:
        yield ear


def heard(ear: Ear) -> Gathered:
    """What a run knows by now."""
    gathered = ear.hears
    assert isinstance(gathered, Gathered)
    return gathered


def test_what_a_process_saw_arrives(ear: Ear) -> None:
    """Its hello at once, its findings soon, with whole paths, and what is left when it ends."""
    process = Process(Address.read(str(ear.folder)), 7)
    process.sender.greet()
    eventually(lambda: heard(ear).processes, "the process said hello")
    process.saw(seen(1))
    eventually(lambda: heard(ear).sighted(), "the finding is there")
    process.findings[:] = [seen(4)]
    process.sender.end()
    ear.hear_out(5)
    (sighted,) = heard(ear).sighted()

    assert (4, 1.5, 10.0, 14.0, (7,)) == (sighted.count, sighted.total_ms, sighted.first, sighted.last, sighted.pids)
    assert ("/srv/orders.py", "/srv/orders.py") == (sighted.finding.file, sighted.finding.story[0].file)
    assert [("app",)] == [each.argv for each in heard(ear).processes.values()]
    assert [] == heard(ear).still_there()


def test_what_is_off_by_now_is_said_anew(ear: Ear) -> None:
    """SQLAlchemy arrives after the first hello, and only then it shows what of it cannot be watched."""
    off: list[str] = []
    sender = Sender(Address.read(str(ear.folder)), lambda: replace(hello(7)(), off=tuple(off)), list, "/srv")
    sender.greet()
    eventually(lambda: heard(ear).processes, "the process said hello")
    off.append("statements is off, because it moved")
    sender.end()
    ear.hear_out(5)

    assert [("statements is off, because it moved",)] == [each.off for each in heard(ear).processes.values()]
    assert [] == heard(ear).still_there()


def test_what_several_processes_saw_is_one_finding(ear: Ear) -> None:
    """Counts are added, also of a process with a number that was used before; words may differ in their numbers."""
    address = Address.read(str(ear.folder))
    other = replace(LOST, message="3 changes are lost")
    for pid, started_ns, told in ((7, 1, seen(4)), (8, 1, seen(5, other)), (7, 2, seen(1))):
        process = Process(address, pid, started_ns)
        process.findings.append(told)
        process.sender.end()
    ear.hear_out(5)
    (sighted,) = heard(ear).sighted()

    assert (10, (7, 8), "3 changes are lost") == (sighted.count, sighted.pids, sighted.finding.message)


def test_a_finding_is_told_again_when_it_has_grown_tenfold() -> None:
    """Once when it is new, and not with every count."""
    told: list[int] = []
    gathered = Gathered(tell=lambda sighted: told.append(sighted.count))
    who = hello(7)()
    gathered.began(who)
    for count in (1, 2, 9, 10, 11, 250):
        gathered.saw(who, seen(count))

    assert [1, 10, 250] == told


def test_only_its_user_can_reach_a_run() -> None:
    """The folder and the socket are private; a port wants the token in the folder."""
    with Ear(Settings(), Gathered()) as ear:
        modes = [stat.S_IMODE(path.stat().st_mode) for path in (ear.folder, Path(Address.read(str(ear.folder)).path))]
    with Ear(Settings(), Gathered(), by_port=True) as ear:
        stranger = Process(Address.read(str(ear.folder))._replace(token="guessed"), 7)
        stranger.sender.greet()
        stranger.sender.end()
        ear.hear_out(5)
        strangers = heard(ear).processes

    assert ([0o700, 0o600], {}) == (modes, strangers)
    assert not ear.folder.exists()


def test_a_reader_that_sleeps_keeps_nobody_waiting(tmp_path: Path) -> None:
    """What is seen is kept where it was, and only the sending thread waits."""
    with closing(socket.socket(socket.AF_UNIX)) as sleeper:
        sleeper.bind(str(tmp_path / "s"))
        sleeper.listen()
        process = Process(Address(path=str(tmp_path / "s")), 7)
        many = [seen(1, replace(LOST, line=number, message="x" * 1000)) for number in range(2000)]
        process.saw(*many)
        for _ in range(1000):
            process.sender.ring()
        sending = [thread for thread in threading.enumerate() if thread.name == "hermetic"]
        process.sender.end()
        sending[0].join(PATIENCE_S)

    assert [False] == [thread.is_alive() for thread in sending]


def test_a_connection_that_breaks_is_made_again(tmp_path: Path) -> None:
    """And everything is said anew, because nobody knows what had arrived."""
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(str(tmp_path / "s"))
        server.listen()
        process = Process(Address(path=str(tmp_path / "s")), 7)
        process.saw(seen(1))
        first = two_messages(server)
        process.findings[:] = [seen(2)]
        second = two_messages(server)
        process.sender.end()

    assert [(hello(7)(), None), (None, 1)] == first
    assert [(hello(7)(), None), (None, 2)] == second


def two_messages(server: socket.socket) -> list[tuple[Hello | None, int | None]]:
    """What comes first over the next connection, which is cut then."""
    connection, _ = server.accept()
    with connection, connection.makefile("rb") as stream:
        messages = [understood(stream.readline()) for _ in range(2)]
    return [(each.hello, each.seen.count if each.seen else None) for each in messages if each is not None]


def test_a_run_that_is_over_is_left_alone(tmp_path: Path) -> None:
    """A process that outlives it goes on without a thread of ours, until it sees something new."""
    process = Process(Address(path=str(tmp_path / "gone")), 7)
    process.saw(seen(1))

    assert eventually(lambda: "hermetic" not in [each.name for each in threading.enumerate()], "the thread ends")
    process.sender.end()


@pytest.mark.parametrize(
    "text", [b"", b"no json\n", b"[]\n", b"{}\n", b'{"hello": {"pid": 7}}\n', b'{"seen": {"finding": 1}}\n', b"17\n"]
)
def test_what_cannot_be_understood_is_passed_over(ear: Ear, text: bytes) -> None:
    """Another version may say other things, and anybody may say anything."""
    address = Address.read(str(ear.folder))
    with closing(address.connect()) as stranger:
        stranger.sendall(line(token=address.token) + text + line(hello=hello(7)()) + text + line(seen=seen(3)))
    ear.hear_out(5)

    assert [3] == [each.count for each in heard(ear).sighted()]
