"""Reports for the tests of the formats: findings as a check would make them."""

from __future__ import annotations

from dataclasses import replace

from hermetic._catalogue import Edit, Finding, Step
from hermetic._check.checked import Counts, Entry, Problem, Report, Sightings, Suppression

LINES = {
    ("orders.py", 33): "    with Session(engine) as session:",
    ("orders.py", 34): "        order = session.scalars(select(Order)).first()",
    ("orders.py", 41): "    send(order.customer.email)",
    ("shop/mail.py", 7): "def send(address):",
}

DETACHED = Finding(
    slug="detached-access",
    code="HM301",
    severity="error",
    confidence="proven",
    file="orders.py",
    line=41,
    column=10,
    end_line=41,
    end_column=24,
    message="order.customer is read after its session closed",
    story=(
        Step("orders.py", 33, "opened"),
        Step("orders.py", 34, "loaded without `customer`"),
        Step("orders.py", 38, "closed"),
        Step("orders.py", 41, "needs a SELECT, no session left"),
    ),
    fix="select(Order).options(joinedload(Order.customer)) at line 34",
    function="Orders.tell",
    fingerprint="0123456789abcdef" * 2,
    edits=(
        Edit("orders.py", 3, 1, 3, 1, "from sqlalchemy.orm import joinedload\n"),
        Edit("orders.py", 34, 45, 34, 45, ".options(joinedload(Order.customer))"),
    ),
    safety="unsafe",
)

LOST = Finding(
    slug="lost-write",
    code="HM203",
    severity="warning",
    confidence="likely",
    file="my shop/100%, really.py",
    line=7,
    column=1,
    end_line=9,
    end_column=2,
    message="order is changed,\nand no commit follows: 100% of it is lost",
    function="<module>",
    fingerprint="fedcba9876543210" * 2,
)

UNUSED = Suppression("orders.py", 12, "lost-write", "kept by the caller", 12, 12)
PROBLEM = Problem("old.py", 3, "this is Python 2 (invalid syntax); convert it or name it in `exclude`")

FULL = Report(
    findings=(LOST, DETACHED),
    suppressed=((DETACHED, "read in the template only"),),
    unused_suppressions=(UNUSED,),
    problems=(PROBLEM, Problem("gone.py", None, "it vanished between listing and reading; run the check again")),
    known=(replace(LOST, line=8, end_line=8),),
    stale=(Entry("orders.py", "Orders.total", "n-plus-one", "0" * 32, 2),),
    unresolved=("shop.deps.get_db",),
    given_up=("shop.legacy.everything",),
    found={("lost-write", "likely"): 2, ("detached-access", "proven"): 1, ("detached-access", "possible"): 5},
    sizes={"orders.py": 50, "my shop/100%, really.py": 9, "my shop/quiet.py": 91},
    counts=Counts(
        files=748,
        lines=143_079,
        sessions=312,
        models=85,
        functions=4_000,
        lowered=3,
        hidden=5,
        unchanged=4,
        elsewhere=2,
        seconds=9.1,
        phases=(("reading", 1.0), ("analysing", 8.0), ("telling", 0.1)),
    ),
    lines=LINES,
)
SEEN = replace(
    FULL,
    seen={
        DETACHED: Sightings(3, 12.44, 1_790_000_000.5, 1_790_000_060.25, (4711, 4712)),
        LOST: Sightings(1, 0.0, 1_790_000_001.0, 1_790_000_001.0, (4711,)),
    },
    only_seen=frozenset({LOST}),
)
CLEAN = Report(counts=Counts(files=1, lines=10, sessions=1, models=1, seconds=0.1))
EMPTY = Report(counts=Counts(files=1, lines=10, seconds=0.1))
