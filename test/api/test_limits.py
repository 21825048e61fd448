"""What may be tried only so often: passwords, sign-ups, set-up codes, unknown tokens.

Periods are days where a test counts, so that it does not matter how long it takes."""
import itertools
import re

import pytest

from conftest import cookie_of, make_account
from support import secrets
from support.http import Client

pytestmark = pytest.mark.once

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
DAILY = ["--sign-in-rate", "10/day", "--sign-in-account-rate", "100/day",
         "--sign-in-address-rate", "30/day", "--sign-up-rate", "10/day", "--setup-rate", "10/day",
         "--token-rate", "60/day", "--trusted-proxies", "127.0.0.1"]
ADDRESSES = (f"192.0.2.{number}" for number in itertools.count(1))
GUESS = "a wrong guess"


class From(Client):
    """A client at some address, behind a proxy at ours."""

    def __init__(self, server, address=None, **credentials):
        super().__init__(server.url, **credentials)
        self.credentials["X-Forwarded-For"] = address or next(ADDRESSES)


def sign_in(client, login, password=GUESS):
    return client.post("/api/v1/session", {"login": login, "password": password})


def statuses(ask, times):
    """How many answers of each status, which come one after the other."""
    found = [ask().status for _ in range(times)]
    return [(status, len(list(same))) for status, same in itertools.groupby(found)]


def check_limited(answer, what, day=True):
    assert answer.status == 429
    seconds = int(answer.header("Retry-After"))
    assert 0 < seconds <= (86400 if day else 60)
    assert answer.error == answer.detail == f"too many {what}; try again in {seconds} seconds"
    assert answer.json()["title"] == "Too Many Requests"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from support.server import Server
    it = Server(tmp_path_factory.mktemp("limits") / "data", options=DAILY, limited=True).start()
    yield it
    it.finish()


@pytest.fixture(scope="module")
def owner(server):
    return make_account(server, "owner")


# --- passwords --------------------------------------------------------------------------------


def test_the_defaults(new_server):
    shown = new_server(limited=True).command("config").stdout
    found = dict(re.findall(r"^(\w+_rate) = (\S*) ", shown, re.M))
    assert {name: value for name, value in found.items() if name != "min_rate"} == {
        "sign_in_rate": "10/minute", "sign_in_account_rate": "100/minute",
        "sign_in_address_rate": "30/minute", "sign_up_rate": "10/hour", "setup_rate": "10/minute",
        "token_rate": "60/minute", "refusal_rate": "10/minute"}
    assert re.search(r"^trusted_proxies = +# default$", shown, re.M)


def test_ten_failures_with_one_account_from_one_address(server):
    bea = make_account(server, "bea")
    attacker, elsewhere = From(server), From(server)
    assert statuses(lambda: sign_in(attacker, "bea"), 12) == [(401, 10), (429, 2)]
    answer = sign_in(attacker, "bea", bea.password)     # not even the right one is looked at
    check_limited(answer, "failed sign-ins")
    assert 0 < int(answer.header("Retry-After")) <= 8640
    for name in ("BEA", "bea@example.org"):             # whatever it is called
        assert sign_in(attacker, name).status == 429
    assert sign_in(elsewhere, "bea", bea.password).status == 200


def test_a_limited_account_goes_on_where_it_is_signed_in(server):
    cay = make_account(server, "cay")
    here = From(server)
    cookie = secrets.remember(cookie_of(sign_in(here, "cay", cay.password)))
    address = here.credentials["X-Forwarded-For"]
    session = From(server, address, cookie=cookie)
    token = secrets.remember(session.post("/api/authentications", {}).expect(200).json()["token"])
    assert statuses(lambda: sign_in(here, "cay"), 11) == [(401, 10), (429, 1)]
    session.get("/api/v1/session").expect(200)
    From(server, address, token=token).get("/api/user").expect(200)
    session.post("/api/authentications", {"note": "another"}).expect(200)


def test_a_right_password_frees_the_account_but_not_the_address(server, owner):
    client = From(server)
    for _ in range(3):
        assert statuses(lambda: sign_in(client, "owner"), 9) == [(401, 9)]
        assert sign_in(client, "owner", owner.password).status == 200
    # 27 of 30; right ones did not count.
    assert statuses(lambda: sign_in(client, "owner"), 5) == [(401, 3), (429, 2)]
    assert sign_in(client, "owner", owner.password).status == 429


def test_thirty_failures_with_any_accounts_from_one_address(server, owner):
    client, names = From(server), (f"nobody{number}" for number in range(99))
    assert statuses(lambda: sign_in(client, next(names)), 32) == [(401, 30), (429, 2)]
    assert sign_in(client, "owner", owner.password).status == 429
    assert sign_in(From(server), "owner", owner.password).status == 200


def test_names_that_are_not_there_are_limited_alike(server):
    client = From(server)
    assert statuses(lambda: sign_in(client, "nobody at all"), 11) == [(401, 10), (429, 1)]


def test_a_hundred_failures_with_one_account_from_anywhere(server):
    dan = make_account(server, "dan")
    for _ in range(10):
        client = From(server)
        assert statuses(lambda client=client: sign_in(client, "dan"), 10) == [(401, 10)]
    last = From(server)
    check_limited(sign_in(last, "dan", dan.password), "failed sign-ins")
    # The other accounts at that address are not concerned.
    assert sign_in(last, "nobody").status == 401


def test_basic_passwords_count_together_with_the_others(server):
    fay = make_account(server, "fay")
    client = From(server)
    wrong = From(server, client.credentials["X-Forwarded-For"], basic=("fay", GUESS))
    assert statuses(lambda: sign_in(client, "fay"), 5) == [(401, 5)]
    assert statuses(lambda: wrong.post("/api/authentications", {}), 6) == [(401, 5), (429, 1)]
    right = From(server, client.credentials["X-Forwarded-For"], basic=("fay", fay.password))
    check_limited(right.post("/api/authentications", {}), "failed sign-ins")


def test_an_ipv6_network_is_one_address(server):
    number = itertools.count()
    assert statuses(lambda: sign_in(From(server, f"2001:db8::{next(number):x}"), "gus"), 12) == [
        (401, 10), (429, 2)]
    assert sign_in(From(server, "2001:db8:0:1::1"), "gus").status == 401


def test_what_a_client_says_of_its_address_is_not_believed(new_server):
    server = new_server(options=["--sign-in-rate", "3/day"], limited=True).start()
    assert statuses(lambda: sign_in(From(server), "x"), 4) == [(401, 3), (429, 1)]


def test_zero_is_no_limit(new_server):
    server = new_server(options=["--sign-in-rate", "0", "--sign-in-address-rate", "0"],
                        limited=True).start()
    assert statuses(lambda: sign_in(From(server), "x"), 40) == [(401, 40)]


# --- sign-ups, set-up codes, tokens -----------------------------------------------------------


def sign_up(client, login, **changes):
    password = secrets.password()
    return client.post("/api/v1/accounts", {
        "login": login, "email": f"{login}@example.org", "password": password,
        "password_again": password, "accept_terms": True, **changes})


def test_ten_accounts_from_one_address(server):
    client = From(server)
    for number in range(10):
        assert sign_up(client, f"new{number}", accept_terms=False).status == 422    # does not count
        secrets.remember(cookie_of(sign_up(client, f"new{number}").expect(201)))
    check_limited(sign_up(client, "new10"), "accounts made from your address")
    secrets.remember(cookie_of(sign_up(From(server), "new10").expect(201)))


def test_ten_wrong_set_up_codes_from_one_address(new_server):
    server = new_server(options=DAILY, limited=True).start()
    link = server.setup_link()
    secrets.remember(link.rsplit("/", 1)[1])
    client = From(server)
    for _ in range(5):
        client.get(link).expect(200)                    # the right one does not count
        assert statuses(lambda: client.get("/setup/guess"), 1) == [(404, 1)]
        post = client.request("POST", "/setup/guess", body=b"login=x", headers=FORM)
        assert post.status == 404
    answer = client.get("/setup/guess")
    assert answer.status == 429 and 0 < int(answer.header("Retry-After")) <= 8640
    assert "too many wrong set-up codes from your address" in answer.text
    assert client.request("POST", link, body=b"login=x", headers=FORM).status == 429
    From(server).get(link).expect(200)


def test_sixty_unknown_tokens_from_one_address(server, owner):
    address = next(ADDRESSES)
    good = From(server, address, token=owner.token("good"))
    unknown = From(server, address, token="tr-" + "A" * 46)
    assert statuses(lambda: unknown.get("/conda/owner/noarch/repodata.json"), 62) == [
        (401, 60), (429, 2)]
    check_limited(unknown.get("/api/user"), "unknown access tokens from your address")
    path = From(server, address)
    assert path.get("/t/tr-wrong/conda/owner/noarch/repodata.json").status == 429
    good.get("/api/user").expect(200)                   # nobody else is concerned
    path.get("/conda/owner/noarch/repodata.json").expect(200)
    From(server, token="tr-" + "A" * 46).get("/api/user").expect(401)
