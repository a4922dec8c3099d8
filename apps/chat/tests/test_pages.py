"""The pages: who may see what, which forms are believed, in which language, and that no text becomes markup."""

from __future__ import annotations

import html
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from starlette.routing import Route

from apps.chat.tests.conftest import Visitor
from hermetic_chat.guard import local
from hermetic_chat.model.said import Said
from hermetic_chat.tools.offered import Call, Tool

OpenApp = Callable[..., Callable[[], Visitor]]
NASTY = '<script>alert(1)</script><img src=x onerror="alert(2)"> [x](javascript:alert(3)) ![y](http://evil.example/y)'


class Parrot:
    """A model that says what it was told, in two pieces."""

    name = "parrot"

    async def reply(self, conversation: Sequence[Said], tools: Sequence[Tool]) -> AsyncIterator[str | Call]:
        """Say it again."""
        text = getattr(conversation[-1], "text", "")
        yield text[:3]
        yield text[3:]

    async def close(self) -> None:
        """Nothing is held."""


@pytest.fixture
def visitor(open_app: OpenApp) -> Callable[[], Visitor]:
    """Makes visitors of a chat with a parrot."""
    return open_app(Parrot())


@pytest.fixture
def ada(visitor: Callable[[], Visitor]) -> Visitor:
    return visitor().sign_in("Ada")


def test_a_conversation(ada: Visitor) -> None:
    """One begins a chat, gets an answer, goes on, and finds all of it when the page is loaded anew."""
    session_id = ada.begin("Hello")
    ada.get(f"/chats/{session_id}")
    said = ada.client.post(
        f"/chats/{session_id}/messages",
        data={"csrf": ada.token, "text": "And *more*"},
        headers={"accept": "application/json"},
    )
    ada.answered(f"/chats/{session_id}")
    page = ada.get(f"/chats/{session_id}").text

    assert 201 == said.status_code
    assert "And *more*" in said.json()["html"]
    assert 2 == page.count('class="message user"')
    assert "<p>And <em>more</em></p>" in page


def test_without_a_script_a_form_leads_back_to_the_chat(ada: Visitor) -> None:
    """The forms work by themselves: sending one redirects to the page that shows it."""
    session_id = ada.begin("Hello")
    answer = ada.post(f"/chats/{session_id}/messages", text="More")

    assert (303, f"/chats/{session_id}#end") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("text", ["", "   ", "\x00\x07"])
def test_nothing_is_no_message(ada: Visitor, text: str) -> None:
    """An empty message is refused with a sentence, and kept nowhere."""
    session_id = ada.begin("Hello")
    headers = {"accept": "application/json"}
    told = ada.client.post(f"/chats/{session_id}/messages", data={"csrf": ada.token, "text": text}, headers=headers)

    assert (422, {"detail": "Write something first."}) == (told.status_code, told.json())


PAGES = ["/", "/chats/new", "/chats/{id}", "/chats/{id}/answer", "/search?q=secret", "/tools", "/profile"]
FORMS = ["/chats/{id}", "/chats/{id}/messages", "/chats/{id}/stop", "/chats/{id}/delete"]


@pytest.mark.parametrize("path", PAGES)
def test_who_is_not_signed_in_is_led_to_the_door(visitor: Callable[[], Visitor], ada: Visitor, path: str) -> None:
    """And from there back to where they wanted to go."""
    path = path.format(id=ada.begin("Hello"))
    answer = visitor().client.get(path, follow_redirects=False)

    assert (303, f"/login?next={path.partition('?')[0]}") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("path", [path for path in PAGES if "{id}" in path])
def test_a_user_never_sees_anothers_chat(visitor: Callable[[], Visitor], ada: Visitor, path: str) -> None:
    """It answers 404, as a chat that does not exist."""
    path = path.format(id=ada.begin("The secret is 42"))
    mallory = visitor().sign_in("Mallory")
    answers = [mallory.get(path), mallory.get("/chats/4711")]

    assert [404, 404] == [each.status_code for each in answers]
    assert "secret is" not in answers[0].text


@pytest.mark.parametrize("path", FORMS)
def test_a_user_never_changes_anothers_chat(visitor: Callable[[], Visitor], ada: Visitor, path: str) -> None:
    """Nothing is written into it, it is neither renamed nor archived, stopped or deleted."""
    session_id = ada.begin("The secret is 42")
    before = ada.get(f"/chats/{session_id}").text.count("secret is")
    mallory = visitor().sign_in("Mallory")
    status = mallory.post(path.format(id=session_id), text="mine", title="mine", active="no").status_code
    after = ada.get(f"/chats/{session_id}").text

    assert (404, before) == (status, after.count("secret is"))
    assert "mine" not in after


def test_lists_and_searches_are_ones_own(visitor: Callable[[], Visitor], ada: Visitor) -> None:
    """Neither the list of chats nor a search shows what is another's."""
    ada.begin("The secret is 42")
    mallory = visitor().sign_in("Mallory")

    assert "secret is" in ada.get("/search?q=SECRET").text
    assert "secret is" not in mallory.get("/search?q=secret").text + mallory.get("/chats/new").text


def test_every_form_needs_its_token(open_app: OpenApp) -> None:
    """A form that another site lets the browser send is refused, whichever it is."""
    visitor = open_app(Parrot())
    ada = visitor().sign_in("Ada")
    session_id = ada.begin("Hello")
    routes = [route for route in ada.client.app.routes if isinstance(route, Route) and "POST" in (route.methods or ())]
    paths = [route.path.replace("{session_id:int}", str(session_id)) for route in routes]
    statuses = {
        (path, token): ada.client.post(path, data={"csrf": token, "text": "x", "name": "x"}).status_code
        for path in paths
        for token in ("", "wrong", visitor().sign_in("Mallory").token)
    }

    assert len(paths) >= 9
    assert {403} == set(statuses.values())


def test_the_token_may_come_in_a_header_and_nowhere_else(ada: Visitor) -> None:
    """Scripts send it in `X-CSRF-Token`; in the address it does not count."""
    token = ada.token
    header = ada.client.post("/chats", data={"text": "x"}, headers={"x-csrf-token": token}, follow_redirects=False)
    query = ada.client.post(f"/chats?csrf={token}", data={"text": "x"}, follow_redirects=False)

    assert [303, 403] == [header.status_code, query.status_code]


def test_signing_in_makes_a_new_session(visitor: Callable[[], Visitor]) -> None:
    """What somebody may have planted before is worth nothing afterwards: the token is another, the cookie too."""
    ada = visitor()
    ada.get("/login")
    planted = (ada.client.cookies["hermetic_chat"], ada.token)
    ada.sign_in("Ada")

    assert planted[0] != ada.client.cookies["hermetic_chat"]
    assert planted[1] != ada.token


def test_the_cookie_is_signed_and_kept_from_scripts(visitor: Callable[[], Visitor]) -> None:
    """A cookie that was changed is none."""
    ada = visitor()
    cookie = ada.get("/login").headers["set-cookie"].lower()
    ada.sign_in("Ada")
    value = ada.client.cookies["hermetic_chat"]
    forged = visitor().client
    forged.cookies.set("hermetic_chat", ("A" if value[0] != "A" else "B") + value[1:])

    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert 303 == forged.get("/profile", follow_redirects=False).status_code


def test_signing_out(ada: Visitor) -> None:
    """Afterwards one is nobody."""
    ada.post("/logout")

    assert 303 == ada.client.get("/profile", follow_redirects=False).status_code


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil",
    ],
)
def test_one_is_never_led_elsewhere(visitor: Callable[[], Visitor], address: str) -> None:
    """After signing in one stays here, whatever the address says."""
    somebody = visitor()
    somebody.get("/login")
    answer = somebody.post("/login", name="Ada", next=address)

    assert "/" == answer.headers["location"] == local(address)


def test_headers_keep_the_pages_safe(ada: Visitor) -> None:
    """No script but ours, no frame around us, no guess of types, no copy in a cache."""
    for path in ("/chats/new", "/login", "/nowhere", "/static/chat.css"):
        headers = ada.client.get(path).headers

        assert "default-src 'self'" in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert "nosniff" == headers["x-content-type-options"]
        assert ("no-store" == headers.get("cache-control")) == (not path.startswith("/static"))


def test_another_name_of_the_machine_is_refused(ada: Visitor) -> None:
    """A site that points its own name to this machine gets nothing from it."""
    assert 400 == ada.client.get("/login", headers={"host": "evil.example"}).status_code


@pytest.mark.parametrize("headers", [{"content-length": "99999999"}, {"content-length": "many"}])
def test_a_form_has_a_size(ada: Visitor, headers: dict[str, str]) -> None:
    """One that is too large, or does not say, is refused before it is read."""
    assert ada.client.post("/chats", content=b"text=x", headers=headers).status_code in (400, 411, 413)


def test_no_text_becomes_markup(ada: Visitor) -> None:
    """A title, a message, an answer, a name and a search show what was written, and nothing of it runs."""
    session_id = ada.begin(NASTY)
    ada.get("/profile")
    ada.post("/profile", display_name=NASTY[:80], email='"><script>@x.example')
    ada.post(f"/chats/{session_id}", title=NASTY[:60])
    pages = [
        ada.get(path).text for path in (f"/chats/{session_id}", "/profile", f"/search?q={NASTY[:20]}", "/chats/new")
    ]

    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
        assert 'href="javascript:' not in page
        assert 'src="http' not in page
    assert html.escape("<script>alert(1)</script>") in pages[0]


def test_the_profile_changes_what_it_names(ada: Visitor) -> None:
    """A form with one field leaves the other as it is."""
    ada.get("/profile")
    ada.post("/profile", display_name="Ada L.", email="ada@example.org")
    ada.post("/profile", display_name="Ada Lovelace")
    page = ada.get("/profile").text

    assert 'value="Ada Lovelace"' in page
    assert 'value="ada@example.org"' in page


def test_a_chat_is_renamed_archived_and_deleted(ada: Visitor) -> None:
    """Each from its menu."""
    session_id = ada.begin("Hello")
    ada.post(f"/chats/{session_id}", title="Renamed")
    renamed = ada.get(f"/chats/{session_id}").text
    ada.post(f"/chats/{session_id}", active="no")
    archived = ada.get("/chats/new").text
    ada.post(f"/chats/{session_id}/delete")

    assert "<h1>Renamed</h1>" in renamed
    assert "Archive</summary>" in archived or "Archive (1)" in archived
    assert 404 == ada.get(f"/chats/{session_id}").status_code


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("ru", "ru"),
        ("ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        ("de,en;q=0.5,ru;q=0.2", "en"),
        ("de", "en"),
        ("", "en"),
        ("*", "en"),
    ],
)
def test_the_browser_says_which_language(visitor: Callable[[], Visitor], accept: str, language: str) -> None:
    """The first of the browser's languages that there is, else English."""
    answer = visitor().client.get("/login", headers={"accept-language": accept})

    assert language == answer.headers["content-language"]
    assert f'<html lang="{language}">' in answer.text
    assert {"en": "Your name", "ru": "Ваше имя"}[language] in answer.text


def test_a_language_is_chosen_and_kept(visitor: Callable[[], Visitor]) -> None:
    """What the user chose counts more than the browser, and outlives signing in."""
    ada = visitor()
    ada.get("/login")
    answer = ada.post("/language", language="ru", next="/login")
    ada.sign_in("Ada")
    page = ada.get("/chats/new").text

    assert "/login" == answer.headers["location"]
    assert "Новый чат" in page
    assert "New chat" not in page


def test_what_goes_wrong_is_told_without_details(open_app: OpenApp, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error of ours is a page with a sentence; what broke is for the log."""
    ada = open_app(Parrot())().sign_in("Ada")
    monkeypatch.setattr("hermetic_chat.pages.people.page", lambda *_a, **_k: 1 / 0)
    answer = ada.client.get("/profile")

    assert 500 == answer.status_code
    assert "Something went wrong here." in answer.text
    assert "ZeroDivisionError" not in answer.text


def test_health(visitor: Callable[[], Visitor]) -> None:
    """Whether the database answers, and nothing else."""
    assert {"ok": True} == visitor().client.get("/health").json()


def test_a_page_never_misses_an_answer(ada: Visitor) -> None:
    """An answer that becomes complete while the page is made is on it, once: being written, or kept."""
    shown = set()
    for number in range(12):
        place = ada.post("/chats", text=f"unheard {number}").headers["location"]
        while True:
            page = ada.get(place).text
            articles = page.count('class="message assistant"')
            shown.add(articles)
            if 'id="live"' not in page:
                break

    assert {1} == shown
