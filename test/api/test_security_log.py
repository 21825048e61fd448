"""The security log: each action that matters leaves one row, and who may read which."""
import csv
import hashlib
import io
from datetime import datetime, timedelta, timezone
from urllib.parse import urlencode

import pytest

from conftest import cookie_of
from support import packages, secrets
from support.http import raw
from support.publish import Upload

HERE = "127.0.0.1"
FIELDS = ("actor", "token", "address", "action", "object")


def log(client, owner=None, **filters):
    path = "/api/v1/admin/security-log" if owner == "*" else (
        f"/api/v1/accounts/{owner}/security-log" if owner else "/api/v1/security-log")
    return client.get(f"{path}?{urlencode(filters)}" if filters else path)


def events(client, owner=None, **filters):
    """All of them, the oldest first."""
    found, more = [], {}
    while True:
        page = log(client, owner, **filters, **more).expect(200).json()
        assert set(page) == {"events", "next"}
        found += page["events"]
        if page["next"] is None:
            return found[::-1]
        more = {"before": page["next"]}


def rows(found, *fields):
    return [tuple(it[field] for field in fields or FIELDS) for it in found]


@pytest.fixture(scope="module")
def boss(account):
    return account("boss", superuser=True)


@pytest.fixture(scope="module")
def reader(server, boss):
    """Reads everything, without a row of its own while it does."""
    client = server.client(cookie=boss.session())
    yield client
    client.close()


class Watch:
    """What has been written since it began, or was last asked."""

    def __init__(self, client):
        self.client, self.count = client, len(events(client, "*"))

    def news(self, *fields):
        found = events(self.client, "*")
        new, self.count = found[self.count:], len(found)
        return rows(new, *fields)


@pytest.fixture
def watch(reader):
    return Watch(reader)


# --- each action has its row ------------------------------------------------------------------


def test_signing_up_in_and_out(server, watch):
    password = secrets.password()
    form = {"login": "Carol", "email": "carol@example.org", "password": password,
            "password_again": password, "accept_terms": True}
    made = server.client().post("/api/v1/accounts", form).expect(201)
    session = server.client(cookie=secrets.remember(cookie_of(made)))
    assert watch.news(*FIELDS, "account") == [
        ("carol", "", HERE, "account.create", "carol", "carol"),
        ("carol", "", HERE, "session.create", "carol", "carol")]
    session.delete("/api/v1/session").expect(204)
    assert watch.news() == [("carol", "", HERE, "session.delete", "carol")]
    signed_in = server.client().post("/api/v1/session",
                                     {"login": "carol@example.org", "password": password})
    secrets.remember(cookie_of(signed_in.expect(200)))
    assert watch.news() == [("carol", "", HERE, "session.create", "carol")]


def test_what_an_administrator_does(server, account, boss, watch):
    account("dora")
    assert watch.news(*FIELDS, "account") == [
        ("admin command", "", "", "account.create", "dora", "dora")]
    server.command("admin", "user", "reset-password", "dora", "--password-stdin",
                   stdin=secrets.password() + "\n")
    server.command("admin", "user", "set-superuser", "dora")
    server.command("admin", "user", "set-superuser", "dora", "--off")
    server.command("admin", "user", "suspend", "dora")
    server.command("admin", "user", "suspend", "dora")      # is so already: no row
    server.command("admin", "user", "resume", "dora")
    assert watch.news(*FIELDS, "account", "detail") == [
        ("admin command", "", "", "account.password", "dora", "dora", ""),
        ("admin command", "", "", "account.superuser", "dora", "dora", "on"),
        ("admin command", "", "", "account.superuser", "dora", "dora", "off"),
        ("admin command", "", "", "account.suspend", "dora", "dora", ""),
        ("admin command", "", "", "account.resume", "dora", "dora", "")]
    client = boss.by_token("admin")
    watch.news()
    client.request("PUT", "/api/v1/admin/users/Dora/suspension").expect(204)
    client.delete("/api/v1/admin/users/dora/suspension").expect(204)
    client.delete("/api/v1/admin/users/dora/suspension").expect(204)
    assert watch.news(*FIELDS, "account") == [
        ("boss", "admin", HERE, "account.suspend", "dora", "dora"),
        ("boss", "admin", HERE, "account.resume", "dora", "dora")]


def test_tokens_and_sessions(server, account, watch):
    alice = account("alice")
    cookie = alice.session()
    session = server.client(cookie=cookie)
    watch.news()
    token = server.client(token=alice.token("one"))
    session.post("/api/authentications", {"note": "two"}).expect(200)
    token.delete("/api/authentications/name/two").expect(201)
    token.delete("/api/authentications").expect(201)
    assert watch.news(*FIELDS, "account") == [
        ("alice", "", HERE, "token.create", "one", "alice"),
        ("alice", "", HERE, "token.create", "two", "alice"),
        ("alice", "one", HERE, "token.delete", "two", "alice"),
        ("alice", "one", HERE, "token.delete", "one", "alice")]
    session.post("/api/v1/organizations", {"login": "beta"}).expect(201)
    watch.news()
    session.post("/api/authentications", {"note": "ci", "user": "beta"}).expect(200)
    session.post("/api/authentications", {"note": "ci", "user": "beta"}).expect(200)
    session.delete("/api/authentications/org/beta/name/ci").expect(201)
    assert watch.news(*FIELDS, "account", "detail") == [
        ("alice", "", HERE, "token.create", "beta/ci", "beta", ""),
        ("alice", "", HERE, "token.delete", "beta/ci", "beta", "replaced"),
        ("alice", "", HERE, "token.create", "beta/ci", "beta", ""),
        ("alice", "", HERE, "token.delete", "beta/ci", "beta", "")]
    other = server.client(cookie=alice.session())
    number, = [it["id"] for it in other.get("/api/v1/sessions").json() if it["current"]]
    watch.news()
    session.delete(f"/api/v1/sessions/{number}").expect(204)
    assert watch.news(*FIELDS, "detail") == [
        ("alice", "", HERE, "session.delete", "alice", f"session {number}")]


def test_packages_of_an_organization_whoever_publishes_them(server, account, reader, watch, tmp_path):
    founder, will = account("founder"), account("will")
    owner = server.client(cookie=founder.session())
    owner.post("/api/v1/organizations", {"login": "acme"}).expect(201)
    owner.post("/api/group/acme/staff", {"perms": "write", "all_packages": True}).expect(204)
    owner.request("PUT", "/api/group/acme/staff/members/will").expect(204)
    owner.request("PUT", "/api/group/acme/staff/members/will").expect(204)      # is one already
    client = server.client(token=will.token("ci"))
    watch.news()
    upload = Upload(client, "acme", packages.describe(packages.make_tiny(tmp_path, "p")))
    upload.run()
    sha256 = hashlib.sha256(upload.data).hexdigest()
    file = "acme/p/1.0/noarch/p-1.0-0.conda"
    assert watch.news(*FIELDS, "account") == [
        ("will", "ci", HERE, "package.create", "acme/p", "acme"),
        ("will", "ci", HERE, "release.create", "acme/p/1.0", "acme"),
        ("will", "ci", HERE, "file.create", file, "acme")]
    owner.request("PUT", "/api/packages/acme/p/collaborators/boss").expect(201)
    owner.delete("/api/packages/acme/p/collaborators/boss").expect(201)
    owner.request("PUT", "/api/group/acme/staff/packages/p").expect(204)
    owner.delete("/api/group/acme/staff/packages/p").expect(204)
    client.delete("/api/dist/" + file).expect(200)
    client.delete("/api/release/acme/p/1.0").expect(201)
    client.delete("/api/package/acme/p").expect(201)
    owner.delete("/api/group/acme/staff/members/will").expect(204)
    owner.delete("/api/group/acme/staff").expect(204)
    owner.request("PUT", "/api/group/acme/owners/members/will").expect(204)
    client.delete("/api/v1/organizations/acme/membership").expect(204)
    expected = [
        ("founder", "", HERE, "organization.create", "acme", ""),
        ("founder", "", HERE, "group.create", "acme/staff", "write"),
        ("founder", "", HERE, "group.add_member", "acme/staff", "will"),
        ("will", "ci", HERE, "package.create", "acme/p", "public"),
        ("will", "ci", HERE, "release.create", "acme/p/1.0", ""),
        ("will", "ci", HERE, "file.create", file, sha256),
        ("founder", "", HERE, "collaborator.add", "acme/p", "boss: write"),
        ("founder", "", HERE, "collaborator.remove", "acme/p", "boss"),
        ("founder", "", HERE, "group.add_package", "acme/staff", "p"),
        ("founder", "", HERE, "group.remove_package", "acme/staff", "p"),
        ("will", "ci", HERE, "file.delete", file, sha256),
        ("will", "ci", HERE, "release.delete", "acme/p/1.0", ""),
        ("will", "ci", HERE, "package.delete", "acme/p", ""),
        ("founder", "", HERE, "group.remove_member", "acme/staff", "will"),
        ("founder", "", HERE, "group.delete", "acme/staff", ""),
        ("founder", "", HERE, "group.add_member", "acme/owners", "will"),
        ("will", "ci", HERE, "organization.leave", "acme", "")]
    for client in (owner, reader):
        found = events(client, "acme")
        assert rows(found, *FIELDS, "detail") == expected
        assert {it["account"] for it in found} == {"acme"}


# --- what is refused --------------------------------------------------------------------------


def test_refused_sign_ins(server, account, watch):
    eve = account("eve")
    watch.news()
    for login in ("eve", "EVE@example.org", "nobody"):
        server.client().post("/api/v1/session", {"login": login, "password": "a guess"}).expect(401)
    server.client(basic=("eve", "a guess")).post("/api/authentications", {}).expect(401)
    server.command("admin", "user", "suspend", "eve")
    server.client().post("/api/v1/session",
                         {"login": "eve", "password": eve.password}).expect(403)
    wrong = "wrong username or password"
    refused = ("", "", HERE, "session.refused")
    assert watch.news(*FIELDS, "account", "detail") == [
        (*refused, "eve", "eve", wrong),
        (*refused, "EVE@example.org", "eve", wrong),
        (*refused, "nobody", "", wrong),
        (*refused, "eve", "eve", wrong),
        ("admin command", "", "", "account.suspend", "eve", "eve", ""),
        (*refused, "eve", "eve", 'the account "eve" is suspended')]


def test_refused_sign_ups_and_set_up_codes(server, watch):
    password = secrets.password()
    form = {"login": "boss", "email": "other@example.org", "password": password,
            "password_again": password, "accept_terms": True}
    server.client().post("/api/v1/accounts", form).expect(422)
    server.client().get("/setup/guess").expect(404)
    server.client().request("POST", "/setup/guess", body=b"login=x").expect(404)
    found = watch.news(*FIELDS, "account", "detail")
    assert found[0] == ("", "", HERE, "account.refused", "boss", "", 'username "boss" is taken')
    assert [it[:6] for it in found[1:]] == [("", "", HERE, "setup.refused", "", "")] * 2


def test_writes_without_the_right_or_the_scope(server, account, watch):
    account("owner")
    mallory = account("mallory")
    token = server.client(token=mallory.token("all"))
    narrow = server.client(token=mallory.token("narrow", scopes=["api:read"]))
    cookie = server.client(cookie=mallory.session())
    watch.news()
    token.post("/api/package/owner/p", {"public": True, "public_attrs": {}}).expect(403)
    token.delete("/api/group/owner/staff").expect(403)
    token.post("/api/authentications", {"user": "owner"}).expect(401)   # tokens make no tokens
    cookie.post("/api/authentications", {"user": "owner"}).expect(403)
    narrow.post("/api/package/mallory/p", {"public": True, "public_attrs": {}}).expect(403)
    narrow.request("PUT", "/api/v1/admin/users/owner/suspension").expect(403)
    cookie.post("/api/v1/organizations", {"login": "x"}, origin="http://evil.example").expect(403)
    token.get("/api/v1/accounts/owner/security-log").expect(403)        # reads nothing: no row
    server.client().delete("/api/package/owner/p").expect(401)          # nobody: no row
    found = watch.news(*FIELDS, "account", "detail")
    assert [it[:6] for it in found] == [
        ("mallory", "all", HERE, "access.denied", "owner/p", "owner"),
        ("mallory", "all", HERE, "access.denied", "owner/staff", "owner"),
        ("mallory", "", HERE, "access.denied", "", "mallory"),
        ("mallory", "narrow", HERE, "access.denied", "mallory/p", "mallory"),
        ("mallory", "narrow", HERE, "access.denied", "owner", "mallory"),
        ("mallory", "", HERE, "access.denied", "", "mallory")]
    assert found[0][6] == 'createPackage: "mallory" may not publish or change "owner/p"'
    assert found[3][6] == ('createPackage: the token "narrow" does not have the scope for this; '
                           'it has: api:read')


def test_refusals_are_quiet_and_bounded(new_server):
    server = new_server(env={"TERRARIUM_REFUSAL_RATE": "3/day"}).start()
    server.command("admin", "user", "create", "boss", "--superuser", "--email", "b@example.org",
                   "--password-stdin", stdin="correct horse battery\n")
    answer = server.client().post("/api/v1/session",
                                  {"login": "boss", "password": "correct horse battery"})
    boss = server.client(cookie=secrets.remember(cookie_of(answer.expect(200))))
    for turn in range(5):
        server.client().post("/api/v1/session", {"login": f"x{turn}", "password": "y"}).expect(401)
        boss.delete("/api/v1/session", origin="http://evil.example").expect(403)
    assert rows(events(boss, action="session.refused"), "object") == []     # nobody's account
    assert rows(events(boss, "*", action="session.refused"), "object") == [("x0",), ("x1",), ("x2",)]
    assert len(events(boss, "*", action="access.denied")) == 3              # each kind for itself


# --- reading ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def history(server, account, reader):
    """25 events of one account: tokens t0 to t24."""
    hugo = account("hugo")
    client = server.client(cookie=hugo.session())
    for turn in range(25):
        made = client.post("/api/authentications", {"note": f"t{turn}"}).expect(200)
        secrets.remember(made.json()["token"])
    return client


def test_pages_follow_each_other_without_gap_or_overlap(history):
    all_of_them = events(history, action="token.create")
    assert rows(all_of_them, "object") == [(f"t{turn}",) for turn in range(25)]
    found, before, sizes = [], {}, []
    while True:
        page = log(history, action="token.create", limit=10, **before).expect(200).json()
        sizes.append(len(page["events"]))
        found += page["events"]
        if page["next"] is None:
            break
        before = {"before": page["next"]}
    assert sizes == [10, 10, 5] and found[::-1] == all_of_them
    newest = log(history, limit=1).expect(200).json()
    assert rows(newest["events"], "object") == [("t24",)]


def test_filters(history, reader, account):
    assert rows(events(history, action="token."), "action") == [("token.create",)] * 25
    assert rows(events(history, action="token"), "action") == []
    assert rows(events(history, action="t%."), "action") == []
    assert rows(events(history, object="t7"), "object") == [("t7",)]
    assert events(history, object="t") == []
    assert len(events(history, actor="hugo", address=HERE, action="token.create")) == 25
    assert events(history, actor="boss") == [] and events(history, address="192.0.2.1") == []
    assert rows(events(reader, "*", actor="hugo", object="t3"), "object") == [("t3",)]
    now = datetime.now(timezone.utc)
    tomorrow = now + timedelta(days=1)
    yesterday = (now - timedelta(days=1)).date().isoformat()
    assert len(events(history, since=yesterday, until=tomorrow.date().isoformat())) == 27
    assert events(history, since=tomorrow.isoformat().replace("+00:00", "Z")) == []
    assert events(history, until=yesterday) == []
    third = events(history, action="token.")[2]["time"]
    assert third in [it["time"] for it in events(history, since=third, until=third)]
    assert all(it["time"] >= third for it in events(history, since=third))


@pytest.mark.parametrize("name, value", [
    ("since", "yesterday"), ("since", "2026-13-01"), ("until", "2026-09-01T25:00:00Z"),
    ("until", "2026-09-01T12:00:00"), ("before", "x"), ("before", "1"), ("before", "-1-1"),
    ("limit", "0"), ("limit", "1001"), ("limit", "ten"), ("format", "xml")])
def test_a_filter_that_is_not_understood_is_refused_by_name(history, name, value):
    answer = log(history, **{name: value}).expect(422)
    assert answer.json()["field"] == name and value in answer.error


@pytest.mark.parametrize("query, says", [
    ("acton=x", '"acton" is no parameter'), ("limit=1&limit=2", "limit is given twice"),
    ("actor=%ff", "actor is not well-formed"), ("actor=%zz", "actor is not well-formed")])
def test_a_query_that_is_not_understood_is_refused(history, query, says):
    assert says in history.get(f"/api/v1/security-log?{query}").expect(422).error


def test_export_as_csv(server, account, history):
    trap = account("trap")
    client = server.client(cookie=trap.session())
    names = ["=HYPERLINK(1)", "+1", "-1", "@x", 'a "quoted", name', "plain"]
    for name in names:
        made = client.post("/api/authentications", {"note": name}).expect(200)
        secrets.remember(made.json()["token"])
    answer = log(client, format="csv", action="token.").expect(200)
    assert answer.header("Content-Type") == "text/csv; charset=utf-8"
    assert answer.header("Content-Disposition") == 'attachment; filename="security-log.csv"'
    assert answer.header("Link") is None
    head, *lines = csv.reader(io.StringIO(answer.body.decode(), newline=""))
    assert head == ["time", "account", "actor", "token", "address", "action", "object", "detail"]
    assert [line[6] for line in lines][::-1] == [
        "'" + name if name[0] in "=+-@" else name for name in names]
    assert {tuple(line[1:6]) for line in lines} == {("trap", "trap", "", HERE, "token.create")}
    page = log(history, format="csv", action="token.", limit=20).expect(200)
    link = page.header("Link")
    assert link.startswith("<?") and link.endswith('>; rel="next"')
    rest = history.get("/api/v1/security-log" + link[1:link.index(">")]).expect(200)
    objects = [line[6] for it in (page, rest)
               for line in list(csv.reader(io.StringIO(it.text, newline="")))[1:]]
    assert objects == [f"t{turn}" for turn in range(24, -1, -1)]


def test_who_may_read_whose(server, account, reader):
    ann, ben = account("ann"), account("ben")
    anns, bens = server.client(cookie=ann.session()), server.client(cookie=ben.session())
    assert events(anns, "ann") == events(anns) == events(reader, "ann")
    log(bens, "ann").expect(403)
    log(bens, "*").expect(403)
    log(server.client(), "ann").expect(401)
    log(reader, "nobody").expect(404)
    narrow = server.client(token=ann.token("n", scopes=["conda:download"]))
    log(narrow).expect(403)
    log(server.client(token=ann.token("r", scopes=["api:read"]))).expect(200)


def test_the_command_shows_the_same(server, history):
    done = server.command("admin", "log", "--actor", "hugo", "--action", "token.", "--limit", "2")
    assert [line.split(" ", 1)[1] for line in done.stdout.splitlines()] == [
        f"hugo {HERE} token.create t24", f"hugo {HERE} token.create t23"]
    assert done.stderr.startswith("older ones: --before ")
    place = done.stderr.split()[-1]
    rest = server.command("admin", "log", "--actor", "hugo", "--action", "token.", "--json",
                          "--before", place)
    assert len(rest.stdout.splitlines()) == 23 and rest.stderr == ""
    table = server.command("admin", "log", "--actor", "hugo", "--action", "token.", "--format", "csv")
    assert len(list(csv.reader(io.StringIO(table.stdout)))) == 26
    wrong = server.command("admin", "log", "--since", "yesterday", check=False)
    assert wrong.returncode == 1 and "since is a date" in wrong.stderr


# --- whose address it is ----------------------------------------------------------------------


def addresses(server, client, *lines):
    """The address on record of a failed sign-in that came with these lines of headers."""
    host = server.url.split("//")[1]
    body = b'{"login": "x", "password": "y"}'
    head = "".join(f"{line}\r\n" for line in lines)
    answer = raw(server.url, (f"POST /api/v1/session HTTP/1.1\r\nHost: {host}\r\n{head}"
                              f"Connection: close\r\nContent-Length: {len(body)}\r\n\r\n").encode()
                 + body)
    assert answer.startswith(b"HTTP/1.1 401 ")
    return events(client, "*", action="session.refused")[-1]["address"]


def boss_of(server):
    server.command("admin", "user", "create", "boss", "--superuser", "--email", "b@example.org",
                   "--password-stdin", stdin="correct horse battery\n")
    answer = server.client().post("/api/v1/session",
                                  {"login": "boss", "password": "correct horse battery"})
    return server.client(cookie=secrets.remember(cookie_of(answer.expect(200))))


def test_nobody_says_who_he_is_unless_he_is_trusted(server, reader):
    assert addresses(server, reader, "X-Forwarded-For: 192.0.2.7") == HERE
    assert addresses(server, reader, "X_Forwarded_For: 192.0.2.7") == HERE


def test_trusted_proxies_say_whose_request_it_is(new_server):
    server = new_server(options=["--trusted-proxies", "127.0.0.1, 10.0.0.0/8"]).start()
    boss = boss_of(server)
    assert addresses(server, boss) == HERE
    assert addresses(server, boss, "X-Forwarded-For: 192.0.2.7") == "192.0.2.7"
    assert addresses(server, boss, "X-Forwarded-For: 198.51.100.9, 192.0.2.7, 10.0.0.1") == "192.0.2.7"
    # HAProxy writes a line of its own behind the client's.
    assert addresses(server, boss, "X-Forwarded-For: 198.51.100.9", "x-forwarded-for: 192.0.2.8",
                     "X-Forwarded-For: 10.1.1.1") == "192.0.2.8"
    assert addresses(server, boss, "X-Forwarded-For: 192.0.2.7, unknown") == HERE
    assert addresses(server, boss, "X-Forwarded-For:") == HERE
    assert addresses(server, boss, "X_Forwarded_For: 192.0.2.7") == HERE
    assert " remote=192.0.2.8 " in server.log()
