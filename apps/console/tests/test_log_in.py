"""Log-in: it works at the first try, and at the second; it stops whoever guesses."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from hermetic import AsyncDatabase
from hermetic_console.log_in import PER_MINUTE, TRIES, LogInRefused, TooManyTries, log_in
from hermetic_console.models import Role
from hermetic_console.passwords import Passwords
from hermetic_console.settings import DEMO_PASSWORD, with_driver

from .conftest import MEMORY_KIB, Browser, Opening

LAST_LOGIN = "SELECT last_login FROM users WHERE name = 'admin'"


def test_first_login_works(opening: Opening) -> None:
    """The first log-in of a fresh console leads in, and the page greets whoever logged in by name."""
    browser = opening()
    answer = browser.log_in()

    assert (303, "/") == (answer.status_code, answer.headers["location"])
    assert "Administrator" in browser.get("/").text


def test_second_login_works(opening: Opening) -> None:
    """Log out, log in again: the same."""
    browser = opening()
    browser.log_in()
    browser.post("/logout", seen="/")
    answer = browser.log_in()

    assert (303, 200) == (answer.status_code, browser.get("/").status_code)


def test_last_login_is_recorded(opening: Opening) -> None:
    """`last_login` is there after the first log-in, moves with the second, and the profile shows it."""
    browser = opening()
    before = browser.value(LAST_LOGIN)
    browser.log_in()
    first = browser.value(LAST_LOGIN)
    opening().log_in()
    second = browser.value(LAST_LOGIN)

    assert before is None
    assert str(first) < str(second)
    assert str(datetime.now(UTC).year) in browser.get("/profile").text


@pytest.mark.parametrize(
    ("name", "password"), [("admin", "wrong"), ("nobody", "wrong"), ("", ""), ("patrick", DEMO_PASSWORD)]
)
def test_wrong_log_ins_are_told_alike(opening: Opening, name: str, password: str) -> None:
    """A wrong password, a name that nobody has and a deactivated account get the same answer."""
    answer = opening().log_in(name, password)

    assert 401 == answer.status_code
    assert "The name or the password is wrong." in answer.text


def test_account_is_locked_after_failures(opening: Opening) -> None:
    """After five wrong passwords the right one is refused too, whoever comes with it, and the log tells of it."""
    browser = opening()
    wrong = [browser.log_in("olga", f"wrong {place}").status_code for place in range(TRIES)]
    right = browser.log_in("olga")

    assert [401] * TRIES == wrong
    assert (429, True) == (right.status_code, "locked" in right.text)
    assert 1 == browser.value("SELECT count(*) FROM audit_logs WHERE action = 'log-in locked'")


def test_unknown_name_is_locked_alike(opening: Opening) -> None:
    """A lock tells nothing about which names exist, and what was typed as a name is not written into the log."""
    browser = opening()
    answers = [browser.log_in("hunter2", "wrong").status_code for _ in range(TRIES + 1)]

    assert [401] * TRIES + [429] == answers
    assert 0 == browser.value("SELECT count(*) FROM audit_logs WHERE target = 'hunter2'")


def test_lock_ends(opening: Opening) -> None:
    """A quarter of an hour later the right password works again."""
    browser = opening()
    for _ in range(TRIES + 1):
        browser.log_in("olga", "wrong")
    browser.rows("UPDATE lock_outs SET tried_at = '2026-01-01 00:00:00.000000'")

    assert 303 == browser.log_in("olga").status_code


def test_lock_is_not_made_longer(opening: Opening) -> None:
    """Whoever goes on trying keeps nobody out for longer: the lock ends a quarter of an hour after it began."""
    browser = opening()
    for _ in range(TRIES + 1):
        browser.log_in("olga", "wrong")
    began = browser.value("SELECT tried_at FROM lock_outs")
    browser.log_in("olga", "wrong")

    assert [(began, TRIES + 2)] == browser.rows("SELECT tried_at, tries FROM lock_outs")


def test_admin_unlocks(admin: Browser, opening: Opening) -> None:
    """An administrator sees who is locked, and lets them try again."""
    browser = opening()
    for _ in range(TRIES + 1):
        browser.log_in("olga", "wrong")
    olga = admin.value("SELECT id FROM users WHERE name = 'olga'")
    seen = admin.get("/admin/users").text
    admin.post(f"/admin/users/{olga}/unlock", seen="/")

    assert "Unlock olga" in seen
    assert 303 == browser.log_in("olga").status_code


def test_success_resets_the_count(opening: Opening) -> None:
    """Failures before a log-in that worked do not count later."""
    browser = opening()
    for _ in range(3):
        for _ in range(TRIES - 1):
            browser.log_in("olga", "wrong")
        browser.log_in("olga")

    assert 0 == browser.value("SELECT count(*) FROM lock_outs")


def test_guesses_at_once_are_all_counted(database_url: str) -> None:
    """Twenty guesses at the same moment are twenty tries: five passwords are looked at, not twenty."""
    looked_at = []

    class Counting(Passwords):
        async def are_equal(self, password: str, password_hash: str | None) -> bool:
            looked_at.append(password)
            return await super().are_equal(password, password_hash)

    async def guess_at_once() -> list[object]:
        async with AsyncDatabase(with_driver(database_url)) as db:
            passwords = Counting(MEMORY_KIB)
            guesses = [log_in(db, passwords, "olga", f"guess {place}", "127.0.0.1") for place in range(20)]
            return await asyncio.gather(*guesses, return_exceptions=True)

    refused = asyncio.run(guess_at_once())

    assert (TRIES, {LogInRefused: TRIES, TooManyTries: 20 - TRIES}) == (
        len(looked_at),
        {kind: [type(each) for each in refused].count(kind) for kind in (LogInRefused, TooManyTries)},
    )


def test_address_is_limited(opening: Opening) -> None:
    """One address may try twenty times in a minute, whichever names it tries."""
    browser = opening()
    answers = [browser.log_in(f"name{place}", "wrong").status_code for place in range(PER_MINUTE + 1)]

    assert ([401] * PER_MINUTE, 429) == (answers[:-1], answers[-1])


def test_forwarded_address_is_not_believed(opening: Opening) -> None:
    """A header that anybody can send does not make another address of them."""
    browser = opening()
    answers = [
        browser.log_in(f"name{place}", "wrong", headers={"X-Forwarded-For": f"10.0.0.{place}"}).status_code
        for place in range(PER_MINUTE + 1)
    ]

    assert 429 == answers[-1]


def test_nothing_is_held_while_argon2_is_at_work(opening: Opening) -> None:
    """No connection waits while a password is hashed: not in a log-in, not in a change, not when somebody is added."""
    browser = opening()
    pool = browser.console.db.engine.pool
    held = []

    class Watched(Passwords):
        async def are_equal(self, password: str, password_hash: str | None) -> bool:
            held.append(pool.checkedout())
            return await super().are_equal(password, password_hash)

        async def hashed(self, password: str) -> str:
            held.append(pool.checkedout())
            return await super().hashed(password)

    browser.replace(passwords=Watched(MEMORY_KIB))
    browser.log_in()
    browser.post(
        "/profile/password",
        seen="/",
        current=DEMO_PASSWORD,
        new="a much better sentence",
        again="a much better sentence",
    )
    browser.post("/admin/users/new", seen="/", name="new", full_name="New", email="new@example.com", role=Role.VIEWER)

    assert [0, 0, 0, 0] == held


def test_change_during_verification_counts(database_url: str) -> None:
    """Whoever is deactivated while Argon2 is at work is not let in: the unit of work after it looks again."""

    async def log_in_while_deactivated() -> str:
        async with AsyncDatabase(with_driver(database_url)) as db:

            class Slow(Passwords):
                async def are_equal(self, password: str, password_hash: str | None) -> bool:
                    async with db.begin() as session:
                        connection = await session.connection()
                        await connection.exec_driver_sql("UPDATE users SET is_active = false WHERE name = 'olga'")
                    return await super().are_equal(password, password_hash)

            return await log_in(db, Slow(MEMORY_KIB), "olga", DEMO_PASSWORD, "127.0.0.1")

    with pytest.raises(LogInRefused, match="wrong"):
        asyncio.run(log_in_while_deactivated())


def test_logout_ends_the_session(admin: Browser) -> None:
    """After the log-out a copy of the cookie is worth nothing."""
    copy = dict(admin.client.cookies)
    admin.post("/logout", seen="/")
    admin.client.cookies.clear()
    admin.client.cookies.update(copy)

    assert (303, "/login") == ((answer := admin.get("/")).status_code, answer.headers["location"])


def test_page_is_shown_after_the_log_in(opening: Opening) -> None:
    """Whoever wanted a page gets it after the log-in, with its filters."""
    browser = opening()
    asked = browser.get("/servers?q=db")
    answer = browser.post("/login", name="admin", password=DEMO_PASSWORD, next="/servers?q=db")

    assert "/login?next=/servers%3Fq%3Ddb" == asked.headers["location"]
    assert "/servers?q=db" == answer.headers["location"]


def test_temporary_password_has_to_be_changed(browser_of: Callable[[str], Browser], opening: Opening) -> None:
    """A password that an administrator gave opens one page: the one where it is changed."""
    admin, browser = browser_of("admin"), opening()
    olga = admin.value("SELECT id FROM users WHERE name = 'olga'")
    shown = admin.post(f"/admin/users/{olga}/password", seen="/").text
    given = shown.split('class="secret"><code>')[1].split("<")[0]
    browser.log_in("olga", given)
    elsewhere = browser.get("/servers")
    sentence = "seven green bottles"
    browser.post("/profile/password", seen="/profile/password", current=given, new=sentence, again=sentence)

    assert (303, "/profile/password") == (elsewhere.status_code, elsewhere.headers["location"])
    assert 200 == browser.get("/servers").status_code
