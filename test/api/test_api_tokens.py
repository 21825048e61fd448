"""The calls of anaconda-client about the server, tokens and users (login, whoami, auth)."""
import base64
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from conftest import make_account
from support import packages, secrets
from support.publish import Refused, Upload
from support.server import routes
from support.wait import until

UNKNOWN = "tr-" + "A" * 46


def token_body(note, **changes):
    return {"scopes": None, "note": note, "note_url": "http://x/api", "hostname": "host",
            "user": None, "max-age": None, "strength": "strong", "fail-if-exists": True, **changes}


def create(client, note, status=200, **changes):
    answer = client.post("/api/authentications", token_body(note, **changes)).expect(status)
    if status == 200:
        secrets.remember(answer.json()["token"])
    return answer


# --- the probe --------------------------------------------------------------------------------


@pytest.mark.parametrize("token", [None, UNKNOWN, "nonsense", ""])
def test_the_root_is_200_for_anybody(server, token):
    answer = server.client(token=token).head("/api", content_type="application/json").expect(200)
    assert answer.body == b""
    assert answer.header("X-Binstar-Api-Version") is None


def test_the_authentication_type_is_password(server):
    for client in (server.client(), server.client(token=UNKNOWN)):
        answer = client.get("/api/authentication-type").expect(200)
        assert answer.json() == {"authentication_type": "password"}


def test_scopes_are_public_and_plain(anonymous):
    scopes = anonymous.get("/api/scopes").expect(200).json()
    assert sorted(scopes) == [
        "all", "api", "api:modify-group", "api:read", "api:write", "conda", "conda:download",
        "conda:upload", "cran", "cran:download", "cran:upload", "files", "files:download",
        "files:upload", "pypi", "pypi:download", "pypi:upload", "repos"]
    assert all(isinstance(text, str) and text for text in scopes.values())
    assert scopes["conda"] == "Install from conda channels; does not publish, see conda:upload"


# --- making tokens ----------------------------------------------------------------------------


def test_a_token_has_the_alphabet_of_every_client(account):
    token = account("alice").token("alphabet")
    assert re.fullmatch(r"[A-Za-z0-9-]{30,}", token)


def test_a_token_knows_its_owner(server, account):
    client = server.client(token=account("alice").token("owner"))
    user = client.get("/api/user").expect(200).json()
    assert user["login"] == "alice" and user["user_type"] == "user"
    assert datetime.fromisoformat(user["created_at"]).tzinfo is not None


def test_bearer_and_basic_carry_tokens_too(server, account):
    token = account("alice").token("ways")
    for client in (server.client(token=token), server.client(bearer=token),
                   server.client(basic=(token, "")), server.client(basic=("alice", token))):
        assert client.get("/api/user").expect(200).json()["login"] == "alice"


def test_wrong_passwords_are_401(server, account):
    alice = account("alice")
    for basic in (("alice", "wrong"), ("nobody", alice.password), ("", ""), ("alice", "")):
        answer = create(server.client(basic=basic), "no", 401)
        assert isinstance(answer.error, str) and "\n" not in answer.error
    create(server.client(), "no", 401)
    create(server.client(token=UNKNOWN), "no", 401)


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWxpY2U=", "token", "Bearer", "x",
                                    "Basic " + "A" * 9000, "Negotiate abc", "token a b"])
def test_odd_authorization_headers_are_401_or_nobody(server, header):
    answer = server.client().request("GET", "/api/user", headers={"Authorization": header})
    answer.expect(401, 400, 431)


def test_a_password_may_be_latin1_and_hold_colons(server, account):
    password = secrets.remember("pä:ss:wörd-é")
    server.command("admin", "user", "create", "latin", "--email", "latin@example.org",
                   "--password-stdin", stdin=password + "\n")
    for encoding in ("utf-8", "latin-1"):
        pair = base64.b64encode(b"latin:" + password.encode(encoding)).decode()
        answer = server.client().request(
            "POST", "/api/authentications", headers={"Authorization": "Basic " + pair},
            json_body=token_body("latin", **{"fail-if-exists": False}))
        secrets.remember(answer.expect(200).json()["token"])


def test_an_existing_name_is_400_while_fail_if_exists(server, account):
    client = account("alice").by_password()
    first = create(client, "twice").json()["token"]
    answer = create(client, "twice", 400)
    assert "twice" in answer.error
    server.client(token=first).get("/api/user").expect(200)
    second = create(client, "twice", **{"fail-if-exists": False}).json()["token"]
    server.client(token=first).get("/api/user").expect(401)
    server.client(token=second).get("/api/user").expect(200)


def test_400_means_only_that_the_name_exists(account):
    """anaconda-client asks its user to replace a token at any 400."""
    client = account("alice").by_password()
    for changes in ({"scopes": "all"}, {"scopes": ["nonsense"]}, {"max-age": "x"},
                    {"max-age": -5}, {"note": 5}, {"note": ""}, {"note": "a\nb"},
                    {"note": "a" * 5000}, {"scopes": [5]}):
        answer = client.post("/api/authentications", {**token_body("bad"), **changes})
        assert answer.expect(422).error


def test_old_and_unknown_keys_are_ignored(account):
    create(account("alice").by_password(), "old client", created_with=None, unknown=[1, {}])


def test_a_minimal_body_is_enough(account):
    answer = account("alice").by_password().post("/api/authentications", {"note": "minimal"})
    secrets.remember(answer.expect(200).json()["token"])


def test_no_token_for_other_owners(account):
    account("bob")
    create(account("alice").by_password(), "x", 403, user="bob")
    create(account("alice").by_password(), "own name", user="alice")


def test_a_token_dies_at_its_age(server, account):
    token = create(account("alice").by_password(), "short", **{"max-age": 1}).json()["token"]
    client = server.client(token=token)
    client.get("/api/user").expect(200)
    until(lambda: client.get("/api/user").status == 401, 10, "the token's end")


def test_a_tokens_right_ends_at_its_scopes(server, account, tiny, publish):
    publish("alice", tiny("scoped"))
    reader = server.client(token=create(account("alice").by_password(), "reader",
                                        scopes=["api:read"]).json()["token"])
    reader.get("/api/user").expect(200)
    reader.get("/api/package/alice/scoped").expect(200)
    reader.post("/api/package/alice/other", {"public": True}).expect(403)
    reader.delete("/api/package/alice/scoped").expect(403)
    reader.post("/api/authentications", token_body("grown")).expect(401, 403)
    channel_only = server.client(token=create(account("alice").by_password(), "channel",
                                              scopes=["conda:download"]).json()["token"])
    channel_only.get("/conda/alice/noarch/repodata.json").expect(200)
    channel_only.delete("/api/package/alice/scoped").expect(403)
    everything = server.client(token=create(account("alice").by_password(), "empty list",
                                            scopes=[]).json()["token"])
    everything.post("/api/package/alice/other", {"public": True}).expect(200)


def scoped(server, account, name, *scopes):
    token = create(account("alice").by_password(), name, scopes=list(scopes)).json()["token"]
    return server.client(token=token)


def test_a_token_that_uploads_does_what_an_upload_does_and_no_more(server, account, tiny):
    """All that `anaconda upload --force` asks, of a package that is not there yet."""
    client = scoped(server, account, "uploader", "conda:upload")
    file = packages.describe(tiny("uploaded"))
    client.get("/api/user").expect(200)
    client.get("/api/user/alice").expect(200)
    client.get("/api/package/alice/uploaded").expect(404)
    client.get(f"/api/release/alice/uploaded/{file.version}").expect(404)
    Upload(client, "alice", file).run()
    client.get("/api/package/alice/uploaded").expect(200)
    client.delete(f"/api/dist/alice/uploaded/{file.version}/{file.basename}").expect(200)
    Upload(client, "alice", file).run()
    for method, path in (("DELETE", "/api/package/alice/uploaded"),
                         ("DELETE", f"/api/release/alice/uploaded/{file.version}"),
                         ("GET", "/api/packages/alice"), ("GET", "/api/authentications"),
                         ("PUT", "/api/packages/alice/uploaded/collaborators/bob"),
                         ("GET", "/conda/alice/noarch/repodata.json"),
                         ("POST", "/api/v1/organizations"),
                         ("DELETE", "/api/authentications/name/uploader")):
        client.request(method, path).expect(403)


@pytest.mark.parametrize("scope", ["pypi:upload", "repos", "cran:upload", "files:upload"])
def test_a_token_for_another_kind_leaves_conda_packages_alone(server, account, tiny, publish, scope):
    publish("alice", tiny("conda-only"))
    file = packages.describe(tiny("conda-only"))
    client = scoped(server, account, f"of {scope} alone", scope)
    at = f"alice/conda-only/{file.version}/{file.basename}"
    for method, path, body in (
            ("POST", "/api/package/alice/conda-new", {"public_attrs": {"package_types": ["conda"]}}),
            ("POST", f"/api/stage/{at}", {"distribution_type": "conda"}),
            ("DELETE", f"/api/dist/{at}", None)):
        assert "conda" in client.request(method, path, json_body=body).expect(403).error
    client.get(f"/api/dist/{at}").expect(200)


@pytest.mark.parametrize("scope", ["conda", "conda:download", "api:read", "cran", "files"])
def test_a_token_to_install_with_publishes_nothing(server, account, tiny, scope):
    client = scoped(server, account, f"of {scope}", scope)
    file = packages.describe(tiny("refused"))
    at = f"alice/refused/{file.version}"
    for method, path in (("POST", "/api/package/alice/refused"), ("POST", f"/api/release/{at}"),
                         ("POST", f"/api/stage/{at}/{file.basename}"),
                         ("POST", f"/api/commit/{at}/{file.basename}"),
                         ("DELETE", f"/api/dist/{at}/{file.basename}")):
        client.request(method, path, json_body={}).expect(403)
    reads = scope in ("conda", "conda:download")
    client.get("/conda/alice/noarch/repodata.json").expect(200 if reads else 403)


# --- the end, and the last use ------------------------------------------------------------------


def test_the_end_of_a_token_is_told_with_every_answer(server, account, tiny, publish):
    publish("alice", tiny("warned"))
    answer = create(account("alice").by_password(), "ends soon", **{"max-age": 13 * 86400}).json()
    ends = datetime.now(UTC) + timedelta(days=13)
    days = {(ends - timedelta(minutes=5)).date(), ends.date()}
    texts = {f'the access token "ends soon" expires on {day} (UTC): make another one and use it '
             "instead" for day in days}
    client = server.client(token=answer["token"])
    channel = "/conda/alice/noarch/repodata.json"
    for path in ("/api/user", "/api/package/alice/warned", channel, channel,
                 f"/t/{answer['token']}{channel}", "/conda/alice/noarch/nothing.conda",
                 "/api/package/alice/nothing"):
        assert client.get(path).header("Conda-Token-Warning") in texts, path
    first = client.get(channel)
    assert first.headers.get_all("Cache-Control")[-1] == "private"
    assert client.head(channel).header("Conda-Token-Warning") in texts
    assert client.get(channel, range="bytes=0-1").expect(206).header("Conda-Token-Warning") in texts
    again = client.get(channel, if_none_match=first.etag).expect(304)
    assert again.header("Conda-Token-Warning") in texts
    # Nobody else is told, though the answer is the same one.
    later = server.client(token=create(account("alice").by_password(), "ends later",
                                       **{"max-age": 15 * 86400}).json()["token"])
    for other in (server.client(), later, account("alice").by_session()):
        assert other.get(channel).header("Conda-Token-Warning") is None
        assert other.get(channel).body == first.body
    assert client.head("/api").header("Conda-Token-Warning") is None  # whoever calls it


def test_no_end_is_told_where_the_setting_says_so(new_server):
    server = new_server(options=["--token-warn-days", "0"]).start()
    client = server.client(token=make_account(server, "alice").token("x", **{"max-age": 3600}))
    assert client.get("/api/user").expect(200).header("Conda-Token-Warning") is None


def test_the_last_use_is_listed_even_if_it_was_answered_from_memory(new_server, tiny):
    server = new_server().start()
    alice = make_account(server, "alice")
    secret, owner = alice.token("used"), alice.by_token("owner")
    Upload(owner, "alice", packages.describe(tiny("used"))).run()
    owner.post("/api/v1/organizations", {"login": "acme"}).expect(201)
    whose = {"note": "theirs", "user": "acme"}
    theirs = alice.by_session().post("/api/authentications", whose).expect(200).json()["token"]
    secrets.remember(theirs)
    session = alice.by_session()

    def last(application, path="/api/authentications"):
        it = {it["application"]: it for it in session.get(path).expect(200).json()}[application]
        return it["last_used_at"], it["last_used_from"], it["last_used_by"]
    assert last("used") == (None, None, None)
    before = datetime.now(UTC)
    for agent in ("conda/24.1.2 requests/2.31", "conda/24.1.2 requests/2.31", "mamba/2.0.5"):
        server.client(token=secret).get("/conda/alice/noarch/repodata.json",
                                        user_agent=agent).expect(200)
    server.client(token=theirs).get("/api/user", user_agent="uv/0.5").expect(200)
    server.client(token=secret).get("/api/nothing", user_agent="pip/1").expect(404)
    assert server.terminate() == 0
    server.start()
    session = alice.by_session()
    at, *rest = last("used")
    assert rest == ["127.0.0.1", "mamba"]
    assert before - timedelta(seconds=1) < datetime.fromisoformat(at) < datetime.now(UTC)
    assert last("theirs", "/api/authentications/org/acme")[1:] == ("127.0.0.1", "uv")
    me = server.client(token=secret).get("/api/authentication").expect(200).json()
    assert me["last_used_by"] == "mamba"


# --- limits -------------------------------------------------------------------------------------


def limited(server, account, name, owner="alice", **limits):
    token = create(account(owner).by_password(), name, limits=limits).json()["token"]
    return server.client(token=token)


def refusal(action):
    with pytest.raises(Refused) as caught:
        action()
    assert caught.value.answer.status == 403
    return caught.value.step, caught.value.answer.error


def test_a_token_for_one_package_is_for_no_other(server, account, tiny, publish):
    publish("alice", tiny("outside"))
    client = limited(server, account, "one package", packages=["alice/inside"])
    Upload(client, "alice", packages.describe(tiny("inside"))).run()
    step, error = refusal(Upload(client, "alice", packages.describe(tiny("outside", "2.0"))).run)
    assert (step, error) == ("release", 'the token "one package" is limited to '
                             "package:alice/inside; this is about something else")
    client.get("/api/package/alice/outside").expect(200)
    client.delete("/api/package/alice/outside").expect(403)
    client.request("PUT", "/api/packages/alice/outside/collaborators/bob").expect(403)
    client.get("/api/user").expect(200)
    client.post("/api/v1/organizations", {"login": "limited-org"}).expect(403)
    client.delete("/api/authentications/name/one%20package").expect(403)
    client.delete("/api/package/alice/inside").expect(201)


def test_a_token_for_a_label_touches_no_other(server, account, tiny, publish):
    first = publish("alice", tiny("labelled")).package
    client = limited(server, account, "one label", labels=["dev"])
    second = packages.describe(tiny("labelled", "2.0"))
    for labels in ([], ["main"], ["dev", "main"], ["dev/x"]):
        step, error = refusal(Upload(client, "alice", second, labels).run)
        assert step == "stage"
        assert error == ('the token "one label" is limited to label:dev; it may not change what has '
                         f'the label "{"dev/x" if labels == ["dev/x"] else "main"}"')
    Upload(client, "alice", second, ["Dev"]).run()
    # What another token has announced is not committed by this one.
    other = Upload(account("alice").by_token("announces"), "alice",
                   packages.describe(tiny("labelled", "3.0")))
    other.register()
    other.stage()
    other.send()
    other.client = client
    assert refusal(other.commit)[0] == "commit"
    # What others see under their labels stays there.
    for path in (f"/api/dist/alice/labelled/{first.version}/{first.basename}",
                 f"/api/release/alice/labelled/{first.version}", "/api/package/alice/labelled"):
        assert 'it may not change what has the label "main"' in client.delete(path).expect(403).error
    client.delete(f"/api/dist/alice/labelled/2.0/{second.basename}").expect(200)
    client.request("PUT", "/api/packages/alice/labelled/collaborators/bob").expect(403)


def test_a_token_for_a_group_has_the_rights_of_the_group(server, account, tiny):
    founder = account("olga").by_session()
    founder.post("/api/v1/organizations", {"login": "grouped"}).expect(201)
    founder.post("/api/group/grouped/ci", {"perms": "write"}).expect(204)
    for name in ("chosen", "left-out"):
        founder.post(f"/api/package/grouped/{name}", {"public": True}).expect(200)
    founder.request("PUT", "/api/group/grouped/ci/packages/chosen").expect(204)
    client = limited(server, account, "one group", "olga", group="grouped/ci")
    Upload(client, "grouped", packages.describe(tiny("chosen"))).run()
    step, error = refusal(Upload(client, "grouped", packages.describe(tiny("left-out"))).run)
    assert (step, error) == ("release", 'the token "one group" is limited to group:grouped/ci; the '
                             "group may not do this")
    client.request("PUT", "/api/packages/grouped/chosen/collaborators/bob").expect(403)
    client.get("/api/groups/grouped").expect(403)
    client.get("/api/authentications/org/grouped").expect(403)
    client.post("/api/package/olga/own", {"public": True}).expect(403)
    founder.delete("/api/group/grouped/ci").expect(204)
    client.post("/api/release/grouped/chosen/9.0", {}).expect(403)


def test_the_token_of_a_member_ends_with_the_membership(server, account, tiny):
    founder, bob = account("olga").by_session(), account("bob")
    founder.post("/api/v1/organizations", {"login": "leaving"}).expect(201)
    founder.post("/api/group/leaving/ci", {"perms": "write", "all_packages": True}).expect(204)
    founder.request("PUT", "/api/group/leaving/ci/members/bob").expect(204)
    clients = [bob.by_token("of a member"),
               bob.by_token("of a group", limits={"group": "leaving/ci"}),
               bob.by_token("of a package", limits={"packages": ["leaving/p"]}),
               bob.by_token("to upload", scopes=["conda:upload"])]
    for client in clients:
        client.post("/api/package/leaving/p", {"public": True}).expect(200)
    founder.delete("/api/group/leaving/ci/members/bob").expect(204)
    for client in clients:
        client.post("/api/package/leaving/p", {"public": True}).expect(403)
    founder.request("PUT", "/api/group/leaving/ci/members/bob").expect(204)
    for client in clients:
        client.post("/api/package/leaving/p", {"public": True}).expect(200)


def test_limits_are_listed_as_they_were_given(account):
    dora = account("dora")
    limits = {"packages": ["dora/a", "dora/b"], "labels": ["dev", "test/x"]}
    create(dora.by_password(), "limited", limits=limits)
    create(dora.by_password(), "free", limits={})
    create(dora.by_password(), "null", limits=None)
    found = {it["application"]: it["limits"]
             for it in dora.by_session().get("/api/authentications").json()}
    assert found == {"limited": limits, "free": {}, "null": {}}


@pytest.mark.parametrize("limits", [
    [], "x", {"packages": "alice/x"}, {"packages": ["x"]}, {"packages": ["alice/"]},
    {"labels": ["a b"]}, {"labels": [5]}, {"group": "x"}, {"group": "nobody/x"}, {"group": ""},
    {"label": ["dev"]}, {"packages": ["alice/x"] * 101}])
def test_limits_that_say_nothing_are_422(account, limits):
    answer = create(account("alice").by_password(), "wrong limits", 422, limits=limits)
    assert answer.error


# --- no change ----------------------------------------------------------------------------------


def test_no_route_changes_a_token(server, account):
    """Every route is asked, by the owner, to make the token something else."""
    alice = account("alice")
    session = alice.by_session()
    wish = {"note": "fixed", "application": "fixed", "scopes": ["all"], "limits": {}, "max-age": 10**9,
            "expires": None, "hostname": "other", "fail-if-exists": True, "user": None,
            "perms": "admin", "login": "x", "name": "fixed"}
    values = {"owner": "alice", "login": "alice", "group": "owners", "package": "p", "code": "x",
              "version": "1", "basename": "noarch/p-1-0.conda", "ticket": "x", "name": "fixed",
              "rest": "noarch/repodata.json"}

    def fixed():
        found = [it for it in session.get("/api/authentications").expect(200).json()
                 if it["application"] == "fixed"]
        return found[0] if found else None
    walked = 0
    for route in routes():
        if route["method"] in ("GET", "HEAD"):
            continue
        if fixed() is None:
            create(alice.by_password(), "fixed", scopes=["api:read"],
                   limits={"packages": ["alice/p"]}, **{"max-age": 3600})
        before = fixed()
        path = re.sub(r"\{(\w+)(\.\.\.)?\}", lambda found: values.get(found.group(1), "999999"),
                      route["pattern"])
        for client in (alice.by_password(), alice.by_token("everything")):
            for method in {route["method"], "PUT", "PATCH"}:
                client.request(method, path, json_body=wish)
        assert fixed() in (before, None), f"{route['method']} {path}"
        walked += 1
    assert walked > 20
    assert before["scopes"] == ["api:read"] and before["limits"] == {"packages": ["alice/p"]}


# --- listing and ending tokens ----------------------------------------------------------------


def test_lists_tell_what_a_client_prints_and_no_secret(server, account):
    carol = account("carol")
    secret = create(carol.by_password(), "listed", scopes=["api:read"]).json()["token"]
    create(carol.by_password(), "second")
    answer = carol.by_session().get("/api/authentications").expect(200)
    found = {item["application"]: item for item in answer.json()}
    assert set(found) == {"listed", "second"}
    assert found["listed"]["scopes"] == ["api:read"]
    assert found["second"]["scopes"] in ([], None)
    assert found["listed"]["hostname"] == "host"
    for item in found.values():
        assert item["expires"] is None or datetime.fromisoformat(item["expires"]).tzinfo
        assert "id" in item
    assert secret not in answer.text
    assert account("alice").by_session().get("/api/authentications").json() != answer.json()


def test_a_token_tells_of_itself(server, account):
    client = server.client(token=create(account("alice").by_password(), "itself").json()["token"])
    me = client.get("/api/authentication").expect(200).json()
    assert me["application"] == "itself" and me["id"]
    server.client().get("/api/authentication").expect(401)
    server.client(token=UNKNOWN).get("/api/authentication").expect(401)


def test_logout_ends_the_token_at_once(server, account):
    client = server.client(token=create(account("alice").by_password(), "leaving").json()["token"])
    client.delete("/api/authentications").expect(201)
    client.get("/api/user").expect(401)
    client.delete("/api/authentications").expect(401)
    server.client().delete("/api/authentications").expect(401)
    server.client(token=UNKNOWN).delete("/api/authentications").expect(401)


@pytest.mark.parametrize("name", [
    "binstar_token:host", "binstar_client:user@host", "with blank", "with/slash", "a+b", "100%",
    "q?x#y", "ümläut", "--", "name/name"])
def test_a_token_is_removed_by_its_name(server, account, name):
    alice = account("alice")
    token = create(alice.by_password(), name).json()["token"]
    path = quote(name, safe="/!@:,=&$'()*;[]~+")
    alice.by_session().delete(f"/api/authentications/name/{path}").expect(201)
    server.client(token=token).get("/api/user").expect(401)
    alice.by_session().delete(f"/api/authentications/name/{path}").expect(404)


def test_nobody_removes_the_tokens_of_others(server, account):
    token = create(account("alice").by_password(), "mine").json()["token"]
    account("bob").by_session().delete("/api/authentications/name/mine").expect(404)
    server.client(token=token).get("/api/user").expect(200)


# --- users ------------------------------------------------------------------------------------


def test_anonymous_is_401_at_user(server):
    answer = server.client().get("/api/user").expect(401)
    assert answer.header("WWW-Authenticate")
    server.client(token=UNKNOWN).get("/api/user").expect(401)


def test_users_are_shown_to_everybody_without_private_facts(anonymous, account):
    alice = account("alice")
    answer = anonymous.get("/api/user/alice").expect(200)
    user = answer.json()
    assert user["login"] == "alice" and user["user_type"] == "user"
    assert datetime.fromisoformat(user["created_at"])
    assert alice.email not in answer.text and "password" not in answer.text
    own = alice.by_session().get("/api/user").expect(200)
    assert alice.email not in own.text, "anaconda-client prints all keys of whoami"
    anonymous.get("/api/user/nobody").expect(404)


def test_organizations_are_lists(anonymous, account):
    alice = account("alice")
    assert anonymous.get("/api/users/alice/orgs").expect(200).json() == []
    assert alice.by_session().get("/api/user/orgs").expect(200).json() == []
    anonymous.get("/api/users/nobody/orgs").expect(404)
    anonymous.get("/api/user/orgs").expect(401)


def test_a_stale_token_reads_public_things(server, account, publish, tiny):
    """A revoked token on a public page: told plainly, never taken for its owner."""
    publish("alice", tiny("public"))
    token = create(account("alice").by_password(), "stale").json()["token"]
    client = server.client(token=token)
    client.delete("/api/authentications").expect(201)
    assert client.get("/api/package/alice/public").status in (200, 401)
    client.post("/api/package/alice/new", {"public": True}).expect(401)
