"""The one-time link that makes the first administrator."""
import re
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import pytest

from conftest import cookie_of, make_account
from support import secrets

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def fields(login, **changes):
    password = secrets.password()
    return {"login": login, "email": f"{login}@example.org", "password": password,
            "password_again": password, **changes}


def submit(server, link, form):
    return server.client().request("POST", link, body=urlencode(form).encode(), headers=FORM)


@pytest.fixture
def fresh(new_server):
    server = new_server().start()
    assert server.setup_link(), f"no set-up link was printed: {server.output}"
    secrets.remember(server.setup_link().rsplit("/", 1)[1])
    return server


def test_the_link_shows_a_form(fresh):
    page = fresh.client().get(fresh.setup_link()).expect(200)
    assert page.header("Content-Type").startswith("text/html")
    assert "no-store" in page.header("Cache-Control")
    assert page.header("Referrer-Policy") in ("no-referrer", "same-origin")
    assert re.search(r'<form[^>]*method="?post', page.text, re.IGNORECASE)
    for name in ("login", "email", "password", "password_again"):
        assert re.search(rf'<input[^>]*name="?{name}"?[\s>]', page.text), name


def test_the_link_makes_one_administrator_and_dies(fresh):
    link = fresh.setup_link()
    answer = submit(fresh, link, fields("root1")).expect(201)
    assert answer.header("Content-Type").startswith("text/html")
    client = fresh.client(cookie=secrets.remember(cookie_of(answer)))
    me = client.get("/api/v1/session").expect(200).json()
    assert me["login"] == "root1" and me["superuser"] is True
    fresh.client().get(link).expect(404)
    submit(fresh, link, fields("root2")).expect(404)
    fresh.client().get("/api/user/root2").expect(404)


def test_refused_fields_leave_the_link_alive(fresh):
    link = fresh.setup_link()
    answer = submit(fresh, link, fields("root1", password="short", password_again="x")).expect(422)
    assert answer.header("Content-Type").startswith("text/html")
    assert "short" not in answer.text.replace("too short", "").replace("shorter", "")
    injected = submit(fresh, link, fields('"><script>alert(1)</script>')).expect(422)
    assert "<script>alert" not in injected.text
    submit(fresh, link, {}).expect(422, 400)
    submit(fresh, link, fields("root1")).expect(201)


def test_other_codes_are_404(fresh):
    for code in ("x", "0" * 40, fresh.setup_link().rsplit("/", 1)[1][:-1]):
        fresh.client().get("/setup/" + code).expect(404)
        submit(fresh, "/setup/" + code, fields("root1")).expect(404)


def test_ten_at_once_make_one_administrator(fresh):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda i: submit(fresh, fresh.setup_link(), fields(f"root{i}")),
                                range(10)))
    statuses = sorted(answer.status for answer in answers)
    assert statuses[0] == 201 and set(statuses[1:]) <= {404, 503}, "503: too many at once"


def test_a_restart_makes_a_new_link_while_there_is_no_administrator(fresh):
    old = fresh.setup_link()
    fresh.terminate()
    fresh.output.clear()
    fresh.start()
    new = fresh.setup_link()
    secrets.remember(new.rsplit("/", 1)[1])
    assert new != old
    fresh.client().get(old).expect(404)
    submit(fresh, new, fields("root1")).expect(201)
    fresh.terminate()
    fresh.output.clear()
    fresh.start()
    assert fresh.setup_link() is None


def test_a_superuser_of_the_command_line_ends_the_link(fresh):
    make_account(fresh, "boss", superuser=True)
    fresh.client().get(fresh.setup_link()).expect(404)


def test_there_is_no_default_account(fresh):
    for login in ("admin", "root", "administrator", "terrarium"):
        fresh.client().get(f"/api/user/{login}").expect(404)
        for password in ("admin", "password", "changeme", "terrarium", ""):
            answer = fresh.client().post("/api/v1/session", {"login": login, "password": password})
            answer.expect(401, 422)
