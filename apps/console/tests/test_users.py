"""Administrators look after users, and people after themselves."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hermetic_console.log_in import PER_MINUTE
from hermetic_console.models import Role
from hermetic_console.settings import DEMO_PASSWORD

from .conftest import Browser, Opening

SENTENCE = "seven green bottles"


def user(browser: Browser, name: str) -> dict[str, object]:
    """A user's row as the form has it."""
    names = ("id", "version", "full_name", "email", "role", "is_active")
    found = browser.rows(f"SELECT {', '.join(names)} FROM users WHERE name = '{name}'")[0]
    told = dict(zip(names, found, strict=True))
    return {**told, "is_active": "true" if told["is_active"] else "false"}


def edit(browser: Browser, name: str, **changes: object) -> int:
    """Send the form of a user with some changes; gives the status."""
    told = user(browser, name)
    row = told.pop("id")
    return browser.post(f"/admin/users/{row}/edit", seen="/", **{**told, **changes}).status_code


def test_list_users(admin: Browser) -> None:
    """The list has names, roles, who is deactivated and who never logged in."""
    page = admin.get("/admin/users").text

    assert ["Olga Petrova", "Sofía Ramírez", "deactivated", "Administrator"] == [
        told for told in ("Olga Petrova", "Sofía Ramírez", "deactivated", "Administrator") if told in page
    ]


def test_filter_users(admin: Browser) -> None:
    """By role, and by words of the name."""
    by_role = admin.get("/admin/users?role=admin").text
    by_name = admin.get("/admin/users?q=petrova").text

    assert (True, False) == ("amara" in by_role, "olga@" in by_role)
    assert (True, False) == ("olga@" in by_name, "amara" in by_name)


def test_add_user(admin: Browser, opening: Opening) -> None:
    """Somebody new gets a password that is shown once, logs in with it, and has to choose another."""
    shown = admin.post(
        "/admin/users/new", seen="/", name="Nia.K", full_name="Nia Kamau", email="nia@example.com", role="operator"
    )
    password = shown.text.split('class="secret"><code>')[1].split("<")[0]
    browser = opening()
    answer = browser.log_in("nia.k", password)

    assert (200, 303, "/profile/password") == (
        shown.status_code,
        answer.status_code,
        browser.get("/").headers["location"],
    )


@pytest.mark.parametrize(
    ("field", "typed", "told"),
    [
        ("name", "olga", "Somebody has this name or this e-mail address already."),
        ("email", "olga@example.com", "Somebody has this name or this e-mail address already."),
        ("name", "1st", "Small letters, digits, dots and hyphens only"),
        ("email", "not an address", "This is no e-mail address."),
        ("full_name", "", "Fill this in."),
        ("role", "emperor", "Choose one of the list."),
    ],
)
def test_wrong_user_is_refused(admin: Browser, field: str, typed: str, told: str) -> None:
    """What is wrong is told beside the field, and nobody is added."""
    before = admin.value("SELECT count(*) FROM users")
    form = {"name": "nia", "full_name": "Nia", "email": "nia@example.com", "role": "viewer", field: typed}
    answer = admin.post("/admin/users/new", seen="/", **form)

    assert (422, True, before) == (answer.status_code, told in answer.text, admin.value("SELECT count(*) FROM users"))


def test_edit_user(admin: Browser, browser_of: Callable[[str], Browser]) -> None:
    """A role that is changed holds from the next request on."""
    victor = browser_of("victor")
    before = victor.get("/servers/new").status_code
    status = edit(admin, "victor", role=Role.OPERATOR)

    assert (403, 303, 200) == (before, status, victor.get("/servers/new").status_code)


def test_deactivating_logs_out(admin: Browser, browser_of: Callable[[str], Browser]) -> None:
    """Whoever is deactivated is out at once, everywhere, and does not come back in."""
    olga = browser_of("olga")
    edit(admin, "olga", is_active="false")

    assert (303, 0) == (
        olga.get("/").status_code,
        admin.value("SELECT count(*) FROM sign_ins JOIN users ON users.id = user_id WHERE name = 'olga'"),
    )
    assert 401 == olga.log_in("olga").status_code


def test_last_admin_stays(admin: Browser) -> None:
    """The last who may administrate can neither be demoted nor deactivated; with another one they can."""
    statuses = [
        edit(admin, "amara", role=Role.VIEWER),
        edit(admin, "admin", role=Role.VIEWER),
        edit(admin, "admin", is_active="false"),
    ]

    assert [303, 422, 422] == statuses
    assert 200 == admin.get("/admin").status_code


def test_later_edit_of_an_older_form_is_refused(admin: Browser) -> None:
    """Two administrators with the same form: the second is told, and undoes nothing."""
    older = user(admin, "olga")["version"]
    edit(admin, "olga", full_name="Olga P.")
    status = edit(admin, "olga", full_name="Other", version=older)

    assert (422, "Olga P.") == (status, user(admin, "olga")["full_name"])


def test_reset_password(admin: Browser, browser_of: Callable[[str], Browser]) -> None:
    """A reset ends the log-ins of whoever it is for; the old password is worth nothing, the new one is shown once."""
    olga = browser_of("olga")
    row = user(admin, "olga")["id"]
    answer = admin.post(f"/admin/users/{row}/password", seen="/")

    assert (200, 303, 401) == (answer.status_code, olga.get("/").status_code, olga.log_in("olga").status_code)


def test_user_profile_page_loads(browser_of: Callable[[str], Browser]) -> None:
    """Everybody sees their own profile."""
    page = browser_of("victor").get("/profile").text

    assert ["Victor Hansen", "victor@example.com", "viewer"] == [
        told for told in ("Victor Hansen", "victor@example.com", "viewer") if told in page
    ]


def test_edit_profile(browser_of: Callable[[str], Browser]) -> None:
    """People change their own name and address, and nothing else, whatever they send."""
    victor = browser_of("victor")
    told = {**user(victor, "victor"), "full_name": "V. Hansen", "role": "admin"}
    status = victor.post("/profile/edit", seen="/", **told).status_code

    assert (303, "V. Hansen", "viewer") == (status, *(user(victor, "victor")[name] for name in ("full_name", "role")))
    assert "V. Hansen" in victor.get("/profile").text


def test_address_of_somebody_else(browser_of: Callable[[str], Browser]) -> None:
    """An e-mail address that is taken is told beside the field."""
    victor = browser_of("victor")
    answer = victor.post("/profile/edit", seen="/", **{**user(victor, "victor"), "email": "olga@example.com"})

    assert (422, True) == (answer.status_code, "Somebody has this e-mail address already." in answer.text)


def test_change_password(browser_of: Callable[[str], Browser]) -> None:
    """The browser at hand stays logged in, others are logged out, and only the new password works."""
    here, there = browser_of("victor"), browser_of("victor")
    status = here.post("/profile/password", seen="/", current=DEMO_PASSWORD, new=SENTENCE, again=SENTENCE).status_code

    assert (303, 200, 303) == (status, here.get("/").status_code, there.get("/").status_code)
    assert (401, 303) == (there.log_in("victor").status_code, there.log_in("victor", SENTENCE).status_code)


def test_password_is_not_guessed_at(browser_of: Callable[[str], Browser]) -> None:
    """Who finds a browser logged in cannot try passwords there for long."""
    victor = browser_of("victor")
    answers = [
        victor.post("/profile/password", seen="/", current=f"guess {place}", new=SENTENCE, again=SENTENCE).status_code
        for place in range(PER_MINUTE + 1)
    ]

    assert ([422] * PER_MINUTE, 429) == (answers[:-1], answers[-1])


@pytest.mark.parametrize(
    ("current", "new", "again", "told"),
    [
        ("wrong", SENTENCE, SENTENCE, "This is not your password."),
        (DEMO_PASSWORD, "short", "short", "Use at least 12 characters."),
        (DEMO_PASSWORD, SENTENCE, "other", "This is not the same."),
        (
            DEMO_PASSWORD,
            "victor-victor-victor",
            "victor-victor-victor",
            "Leave your name and e-mail address out of it.",
        ),
        (DEMO_PASSWORD, "aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa", "Use more different characters."),
    ],
)
def test_wrong_new_password_is_refused(
    browser_of: Callable[[str], Browser], current: str, new: str, again: str, told: str
) -> None:
    """What is wrong is told, and the old password stays; no password is sent back."""
    victor = browser_of("victor")
    answer = victor.post("/profile/password", seen="/", current=current, new=new, again=again)

    assert (422, True, False) == (answer.status_code, told in answer.text, f'value="{new}"' in answer.text)
