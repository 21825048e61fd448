"""Every route x every kind of caller, against rights.tsv, which people read and review."""
from pathlib import Path

import pytest

from support.rights import LIKE, REFUSED, World, read_scopes, read_table
from support.server import routes

TABLE = read_table(Path(__file__).with_name("rights.tsv"))
SCOPES = read_scopes(Path(__file__).with_name("scopes.tsv"))


@pytest.fixture(scope="module")
def world(server, account, tmp_path_factory):
    return World(server, account, tmp_path_factory.mktemp("world"))


class Target:
    """What callers ask for one after the other: the same until one of them may have changed it."""

    def __init__(self, world, *what):
        self.world, self.what, self.at = world, what, None

    def ask(self, caller, wanted):
        self.at = self.at or self.world.request(*self.what)
        status = self.world.ask(*self.what[:2], caller, target=self.at).status
        if self.what[0] != "GET" and not {status, wanted} <= set(REFUSED):
            self.at = None
        return status


def test_every_route_has_its_row_and_every_row_its_route():
    known = {(route["method"], route["pattern"]) for route in routes()}
    rows = {(method, pattern) for method, pattern, _ in TABLE}
    assert known - rows == set(), "routes without rights in rights.tsv"
    assert rows - known == set(), "rows of rights.tsv without a route"
    of_packages = {(method, pattern, "private") for method, pattern in known
                   if "{package}" in pattern and not pattern.startswith("/api/group/")}
    assert of_packages - set(TABLE) == set(), "no word on private packages"


def test_every_route_names_operation_and_right():
    table = routes()
    operations = [route["operation"] for route in table]
    assert len(set(operations)) == len(operations), "an operation is named twice"
    for route in table:
        assert route["operation"] and route["right"], route
        if route["right"] != "anyone":
            assert route["creds"], f"{route['operation']}: nobody could be known here"
        if route["method"] == "GET":
            assert route["body_max"] == 0, f"{route['operation']}: a GET has no body"


@pytest.mark.parametrize("method, pattern, access", TABLE, ids=lambda value: value)
def test_a_route(world, method, pattern, access):
    wanted = TABLE[method, pattern, access]
    wanted = {**wanted, **{caller: wanted[like] for caller, like in LIKE.items()}}
    target = Target(world, method, pattern, access)
    found = {caller: target.ask(caller, wanted[caller]) for caller in wanted}
    assert found == wanted
    if method == "GET":
        heads = {caller: world.ask("HEAD", pattern, caller, access, target.at).status
                 for caller in wanted}
        assert heads == found, "HEAD and GET differ"


def test_every_route_says_which_scopes_open_it(server):
    assert set(SCOPES) == {(route["method"], route["pattern"]) for route in routes()
                           if set(route["creds"]) & {"token", "path-token"}}
    known = set(server.client().get("/api/scopes").expect(200).json())
    assert set().union(*SCOPES.values()) <= known


@pytest.mark.once
@pytest.mark.parametrize("method, pattern", SCOPES, ids=lambda value: value)
def test_a_scope(world, method, pattern):
    """Tokens of the owner, each with one scope: those that open the route, and no others."""
    target = Target(world, method, pattern)
    for scope in world.scopes():
        opens = scope in SCOPES[method, pattern]
        wanted = TABLE[method, pattern, "public"]["token"] if opens else 403
        assert target.ask(world.scoped(scope), wanted) == wanted, scope


def test_no_caller_without_right_writes():
    """The table itself: nobody changes anything but who may, and their tokens with the scope."""
    tokens = {(route["method"], route["pattern"]) for route in routes()
              if "token" in route["creds"]}
    for (method, pattern, _), statuses in TABLE.items():
        if method == "GET" or "{owner}" not in pattern:
            continue
        if pattern.startswith("/api/v1/favorites/"):
            continue  # the caller's own, of whatever he sees
        if (method, pattern) not in tokens:  # not even the owner's
            assert {it: status for it, status in statuses.items() if status != 401} == {
                "owner": 204}, (method, pattern)
            continue
        for caller in ("anonymous", "expired", "unknown", "ended"):
            assert statuses[caller] == 401, (method, pattern, caller)
        for caller in ("other", "reader", "channel"):
            assert statuses[caller] == 403, (method, pattern, caller)
        for caller in ("owner", "superuser", "token"):
            assert statuses[caller] in (200, 201, 204), (method, pattern, caller)
        assert statuses["member"] == 403 or pattern.endswith("/membership"), (method, pattern)
