"""Times what the dashboard costs: the program that is looked at, and the page that shows it.

    python -m benchmarks.dashboard [--rounds 5] [--events 5000] [--seconds 20]

The same work runs unwatched, under `hermetic run` and under `hermetic run --ui`, in fresh processes that take turns; a
figure is the processor time of one transaction with three statements, the least of all. Then a browser has the page open
while so many events a second are told to the dashboard, as two workers would tell them: it tells how long the frames took
that it drew, and how much of a processor its main thread used.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from hermetic._dashboard.facts import Facts
from hermetic._dashboard.server import Dashboard
from hermetic._watch.processes.pulse import Pulse, SessionTold, SiteTold, StatementTold, TransactionTold
from hermetic._watch.processes.transport import LIVE_ROUND_S
from hermetic._watch.processes.wire import Hello

WORK = [sys.executable, "-m", "benchmarks.samples.steady_work"]
RUN = [sys.executable, "-m", "hermetic", "run", "--quiet"]
VARIANTS: dict[str, Sequence[str]] = {
    "unwatched": (),
    "hermetic run": [*RUN, "--"],
    "hermetic run --ui": [*RUN, "--ui", "--"],
}
EVENTS = 6
"""A transaction of three statements: its begin, its statements, its end, and the close of its session."""

WORKERS, ENDPOINTS, STATEMENTS = 2, 40, 60
SITES = (
    SiteTold("/srv/api.py", 10, "tasks", "with Session(engine) as session:"),
    SiteTold("/srv/api.py", 12, "tasks", "return session.scalars(select(Task)).all()"),
)

FRAMES = """async seconds => {
  const frames = [], end = performance.now() + seconds * 1000;
  let last = performance.now();
  await new Promise(done => requestAnimationFrame(function next(now) {
    frames.push(now - last);
    last = now;
    if (now < end) requestAnimationFrame(next); else done();
  }));
  return frames.slice(1);
}"""


@dataclass(slots=True)
class Worker:
    """A process that tells what goes on in it, without doing it."""

    pid: int
    number: int = 0
    events: int = 0
    hello: Hello = field(init=False)

    def __post_init__(self) -> None:
        self.hello = Hello(pid=self.pid, ppid=1, started_ns=self.pid, argv=("uvicorn", "api:app"))

    def pulse(self, at: float, transactions: int) -> Pulse:
        """One round."""
        ended, closed = [], []
        for index in range(transactions):
            self.number += 1
            worker = f"GET /tasks/{self.number % ENDPOINTS}"
            began = round(at - LIVE_ROUND_S + index * LIVE_ROUND_S / transactions, 4)
            until = round(began + 0.002 + 0.02 * (self.number % 7 == 0), 4)
            outcome = "committed" if self.number % 3 else "closed"
            ended.append(
                TransactionTold(
                    self.number, self.number, "Session", worker, "request", began, began, until, outcome,
                    3, 0, 1.2, 0.4, 1, 0, 1, 1, -1,
                )
            )  # fmt: skip
            closed.append(SessionTold(self.number, "Session", worker, "request", began, until, 0))
        self.events += transactions * EVENTS
        told = tuple(
            StatementTold(f"SELECT tasks.id FROM tasks WHERE tasks.column_{number} = ?", 1, self.number, 0, 1.0, 1)
            for number in range(STATEMENTS)
        )
        return Pulse(
            at=at, events=self.events, dropped=0, sites=SITES, ended=tuple(ended), closed=tuple(closed), statements=told
        )


@contextmanager
def told(facts: Facts, events: int) -> Iterator[None]:
    """So many events a second are told while the block goes on."""
    over = threading.Event()
    workers = [Worker(pid) for pid in range(1, WORKERS + 1)]

    def tell() -> None:
        due = time.time()
        while not over.wait(max(due - time.time(), 0)):
            due += LIVE_ROUND_S
            for worker in workers:
                facts.pulsed(worker.hello, worker.pulse(due, round(events * LIVE_ROUND_S / EVENTS / WORKERS)))

    for worker in workers:
        facts.began(worker.hello)
    thread = threading.Thread(target=tell)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def costs(rounds: int) -> dict[str, float]:
    """Microseconds of a transaction by variant."""
    took: dict[str, float] = {}
    for number in range(rounds):
        for name in list(VARIANTS)[:: -1 if number % 2 else 1]:
            done = subprocess.run(
                [*VARIANTS[name], *WORK], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True
            )
            took[name] = min(float(done.stdout), took.get(name, float("inf")))
    return took


def drawn(events: int, seconds: float, span: str) -> str:
    """How a page draws that shows so many seconds, when it has all of them."""
    from playwright.sync_api import sync_playwright

    facts = Facts()
    with told(facts, events), Dashboard(facts, "uvicorn api:app") as dashboard, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(dashboard.address)
        page.select_option("#span", span)
        page.wait_for_timeout(float(span) * 1000)
        client = page.context.new_cdp_session(page)
        client.send("Performance.enable")
        before = _metrics(client)
        frames: list[float] = page.evaluate(FRAMES, seconds)
        after = _metrics(client)
        rate, state = page.text_content("#rate"), page.text_content("#state")
        browser.close()
    cuts = statistics.quantiles(frames, n=100)
    share = (after["ThreadTime"] - before["ThreadTime"]) / (after["Timestamp"] - before["Timestamp"])
    return (
        f"{span} s shown, {rate} events a second, {state}: {len(frames) / seconds:.0f} frames a second,"
        f" median {statistics.median(frames):.1f} ms, 95 of 100 within {cuts[94]:.1f} ms, longest {max(frames):.0f} ms;"
        f" main thread {share:.0%} of a processor, {after['JSHeapUsedSize'] / 1e6:.0f} MB"
    )


# Any: a session of Chromium's protocol.
def _metrics(client: Any) -> dict[str, float]:
    return {each["name"]: each["value"] for each in client.send("Performance.getMetrics")["metrics"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="processes for each variant, in turn (5)")
    parser.add_argument("--events", type=int, default=5000, help="events a second while the page draws (5000)")
    parser.add_argument("--seconds", type=float, default=20, help="seconds of drawing that are measured (20)")
    arguments = parser.parse_args()
    took = costs(arguments.rounds)
    print("a transaction of three statements, µs of processor time, the least:")
    for name, us in took.items():
        print(f"  {name:<20}{us:>8.1f}{us / took['unwatched']:>8.2f}×")
    print("the page:", flush=True)
    for span in ("15", "60"):
        print(f"  {drawn(arguments.events, arguments.seconds, span)}", flush=True)


if __name__ == "__main__":
    main()
