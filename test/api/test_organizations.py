"""Organizations: who founds, joins, publishes, leaves; groups and collaborators."""
import itertools
import json

import pytest

from support import channel, packages, secrets
from support.publish import Refused, Upload

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob", "carol", "dave", "eve")}


@pytest.fixture
def acme(people):
    """A new organization of alice's."""
    login = f"org{next(NUMBERS)}"
    as_(people, "alice").post("/api/v1/organizations", {"login": login}).expect(201)
    return login


def as_(people, login):
    """A client of somebody's; an older one goes on."""
    return people[login].by_token(f"token {next(NUMBERS)}")


def put(client, path):
    return client.request("PUT", path)


def add_group(people, acme, name, perms, *members, **more):
    alice = as_(people, "alice")
    alice.post(f"/api/group/{acme}/{name}", {"perms": perms, **more}).expect(204)
    for login in members:
        put(alice, f"/api/group/{acme}/{name}/members/{login}").expect(204)


def publish(people, login, owner, path):
    upload = Upload(as_(people, login), owner, packages.describe(path))
    upload.run()
    return upload


def refused(people, login, owner, path):
    with pytest.raises(Refused) as why:
        publish(people, login, owner, path)
    assert why.value.answer.status == 403, why.value
    return why.value.answer.detail


def test_the_command_lists_it_as_what_it_is(server, acme):
    listed = {it["login"]: it["type"]
              for it in json.loads(server.command("admin", "user", "list", "--json").stdout)}
    assert (listed["alice"], listed[acme]) == ("user", "organization")
    words = {line.split()[0]: line.split()[1]
             for line in server.command("admin", "user", "list").stdout.splitlines()}
    assert (words["alice"], words[acme]) == ("user", "organization")


def test_a_founder_owns_and_publishes(people, acme, server, tiny):
    alice, anybody = as_(people, "alice"), server.client()
    shown = anybody.get(f"/api/user/{acme}").expect(200).json()
    assert shown["user_type"] == "org" and shown["login"] == acme
    assert {"login": acme} in alice.get("/api/user/orgs").expect(200).json()
    assert {"login": acme} in anybody.get("/api/users/alice/orgs").expect(200).json()
    assert {"login": acme} not in anybody.get("/api/users/bob/orgs").expect(200).json()
    groups = alice.get(f"/api/groups/{acme}").expect(200).json()["groups"]
    assert groups == [{"name": "owners", "organization": acme, "permission": "admin",
                       "all_packages": True, "members_count": 1, "repos_count": 0}]
    upload = publish(people, "alice", acme, tiny("ours"))
    assert upload.package.filename in channel.listed(anybody, f"/conda/{acme}", "noarch")


def test_names_are_shared_with_users(people, acme):
    alice = as_(people, "alice")
    for login in ("bob", acme, acme.upper(), "api", "a b"):
        answer = alice.post("/api/v1/organizations", {"login": login}).expect(422)
        assert answer.json()["field"] == "login"
    alice.post("/api/v1/organizations", {}).expect(422)


def test_nobody_signs_in_as_an_organization(server, acme):
    for password in ("", "x" * 12):
        server.client().post("/api/v1/session",
                             {"login": acme, "password": password}).expect(401, 422)
    server.client(basic=(acme, "")).post("/api/authentications", {}).expect(401)


def test_groups_say_who_may_publish_what(people, acme, tiny):
    publish(people, "alice", acme, tiny("tool"))
    publish(people, "alice", acme, tiny("other"))
    add_group(people, acme, "readers", "read", "bob", all_packages=True)
    add_group(people, acme, "writers", "write", "carol", all_packages=True)
    add_group(people, acme, "helpers", "write", "dave")
    alice = as_(people, "alice")
    put(alice, f"/api/group/{acme}/helpers/packages/tool").expect(204)
    assert f"\"bob\" may not publish or change \"{acme}/tool\"" in refused(
        people, "bob", acme, tiny("tool", "2.0"))
    publish(people, "carol", acme, tiny("tool", "2.0"))
    publish(people, "carol", acme, tiny("new"))
    publish(people, "dave", acme, tiny("tool", "3.0"))
    refused(people, "dave", acme, tiny("other", "3.0"))
    refused(people, "dave", acme, tiny("newer"))
    refused(people, "eve", acme, tiny("tool", "4.0"))
    as_(people, "dave").delete(f"/api/package/{acme}/other").expect(403)
    as_(people, "dave").delete(f"/api/release/{acme}/tool/3.0").expect(201)


def test_what_is_taken_away_ends_with_the_next_request(people, acme, tiny):
    alice = as_(people, "alice")
    publish(people, "alice", acme, tiny("tool"))
    add_group(people, acme, "writers", "write", "carol", all_packages=True)
    add_group(people, acme, "helpers", "write", "dave")
    put(alice, f"/api/group/{acme}/helpers/packages/tool").expect(204)
    put(alice, f"/api/packages/{acme}/tool/collaborators/eve").expect(201)
    ends = {"carol": f"/api/group/{acme}/writers/members/carol",
            "dave": f"/api/group/{acme}/helpers/packages/tool",
            "eve": f"/api/packages/{acme}/tool/collaborators/eve"}
    for turn, (login, path) in enumerate(ends.items()):
        client = as_(people, login)
        target = f"/api/release/{acme}/tool/{turn}.5"
        client.post(target, {}).expect(200)
        alice.delete(path).expect(201, 204)
        client.post(target, {}).expect(403)


def test_an_upload_under_way_ends_with_the_right(people, acme, tiny):
    """The bytes may come, by their ticket; nobody who has lost the right commits them."""
    add_group(people, acme, "writers", "write", "carol", all_packages=True)
    upload = Upload(as_(people, "carol"), acme, packages.describe(tiny("late")))
    upload.register()
    upload.stage()
    upload.send()
    as_(people, "alice").delete(f"/api/group/{acme}/writers/members/carol").expect(204)
    with pytest.raises(Refused) as why:
        upload.commit()
    assert why.value.answer.status == 403


def test_collaborators_change_one_package_and_no_rights(people, acme, tiny):
    alice, eve = as_(people, "alice"), as_(people, "eve")
    for name in ("tool", "other"):
        publish(people, "alice", acme, tiny(name))
    path = f"/api/packages/{acme}/tool/collaborators"
    assert alice.get(path).expect(200).json() == []
    put(alice, f"{path}/eve").expect(201)
    put(alice, f"{path}/eve").expect(201)
    assert alice.get(path).expect(200).json() == [{"login": "eve", "permission": "write"}]
    publish(people, "eve", acme, tiny("tool", "2.0"))
    refused(people, "eve", acme, tiny("other", "2.0"))
    put(eve, f"{path}/bob").expect(403)
    eve.delete(f"{path}/eve").expect(403)
    eve.get(f"/api/groups/{acme}").expect(403)
    put(alice, f"{path}/nobody").expect(404)
    put(alice, f"/api/packages/{acme}/absent/collaborators/eve").expect(404)


def test_collaborators_of_a_user_s_package(people, tiny):
    """As well as of an organization's."""
    publish(people, "bob", "bob", tiny("own"))
    refused(people, "carol", "bob", tiny("own", "2.0"))
    put(as_(people, "bob"), "/api/packages/bob/own/collaborators/carol").expect(201)
    publish(people, "carol", "bob", tiny("own", "2.0"))
    refused(people, "carol", "bob", tiny("mine"))


def test_who_leads_a_group_says_who_is_in_it(people, acme):
    add_group(people, acme, "leads", "admin", "carol")
    add_group(people, acme, "devs", "write", "dave")
    carol, dave = as_(people, "carol"), as_(people, "dave")
    put(carol, f"/api/group/{acme}/leads/members/eve").expect(204)
    carol.get(f"/api/group/{acme}/leads/members/eve").expect(204)
    put(carol, f"/api/group/{acme}/devs/members/eve").expect(403)
    put(carol, f"/api/group/{acme}/owners/members/carol").expect(403)
    put(dave, f"/api/group/{acme}/devs/members/eve").expect(403)
    carol.post(f"/api/group/{acme}/more", {"perms": "admin"}).expect(403)
    carol.delete(f"/api/group/{acme}/leads/members/eve").expect(204)
    carol.get(f"/api/group/{acme}/leads/members/eve").expect(404)


def test_members_see_the_groups_and_others_do_not(people, acme, tiny):
    publish(people, "alice", acme, tiny("tool"))
    add_group(people, acme, "devs", "write", "dave")
    put(as_(people, "alice"), f"/api/group/{acme}/devs/packages/tool").expect(204)
    dave, bob = as_(people, "dave"), as_(people, "bob")
    assert [it["name"] for it in dave.get(f"/api/groups/{acme}").expect(200).json()["groups"]] == [
        "devs", "owners"]
    shown = dave.get(f"/api/group/{acme}/devs").expect(200).json()
    assert shown["members_count"] == 1 and shown["repos_count"] == 1
    assert dave.get(f"/api/group/{acme}/devs/members").expect(200).json() == [
        {"login": "dave", "name": ""}]
    assert [it["full_name"] for it in dave.get(
        f"/api/group/{acme}/devs/packages").expect(200).json()] == [f"{acme}/tool"]
    mine = dave.get("/api/groups").expect(200).json()["groups"]
    assert (acme, "devs") in [(it["organization"], it["name"]) for it in mine]
    for path in ("", "/members", "/packages", "/members/dave"):
        bob.get(f"/api/group/{acme}/devs{path}").expect(403)
    bob.get(f"/api/groups/{acme}").expect(403)


def test_the_last_owner_cannot_go(people, acme):
    alice = as_(people, "alice")
    leave = f"/api/v1/organizations/{acme}/membership"
    for method, path in (("DELETE", leave), ("DELETE", f"/api/group/{acme}/owners/members/alice"),
                         ("DELETE", f"/api/group/{acme}/owners")):
        answer = alice.request(method, path)
        assert answer.status == 409, (path, answer.body)
    put(alice, f"/api/group/{acme}/owners/members/bob").expect(204)
    alice.delete(leave).expect(204)
    alice.get(f"/api/groups/{acme}").expect(403)
    as_(people, "bob").post(f"/api/group/{acme}/devs", {}).expect(204)


def test_an_owner_hands_over_and_leaves(people, acme, tiny):
    alice, bob = as_(people, "alice"), as_(people, "bob")
    publish(people, "alice", acme, tiny("tool"))
    put(alice, f"/api/group/{acme}/owners/members/bob").expect(204)
    alice.delete(f"/api/v1/organizations/{acme}/membership").expect(204)
    alice.get(f"/api/v1/organizations/{acme}/members").expect(403)
    alice.delete(f"/api/package/{acme}/tool").expect(403)
    assert members(bob, acme) == {"bob": ["owners"]}
    assert bob.delete(f"/api/v1/organizations/{acme}/membership").status == 409
    bob.delete(f"/api/package/{acme}/tool").expect(201)


def members(client, acme):
    found = client.get(f"/api/v1/organizations/{acme}/members").expect(200).json()
    return {it["login"]: it["groups"] for it in found}


def test_members_see_each_other(people, acme):
    add_group(people, acme, "devs", "write", "dave", "carol")
    add_group(people, acme, "apes", "read", "carol")
    listed = as_(people, "dave").get(f"/api/v1/organizations/{acme}/members").expect(200).json()
    assert listed == [{"login": "alice", "groups": ["owners"]},
                      {"login": "carol", "groups": ["apes", "devs"]},
                      {"login": "dave", "groups": ["devs"]}]
    as_(people, "bob").get(f"/api/v1/organizations/{acme}/members").expect(403)
    as_(people, "bob").get("/api/v1/organizations/alice/members").expect(403)
    as_(people, "alice").get("/api/v1/organizations/alice/members").expect(404)


def test_an_owner_takes_somebody_out_of_everything(people, acme, tiny):
    alice, carol = as_(people, "alice"), as_(people, "carol")
    for name in ("tool", "other"):
        publish(people, "alice", acme, tiny(name))
    add_group(people, acme, "devs", "write", "carol", "dave", all_packages=True)
    add_group(people, acme, "leads", "admin", "carol")
    put(alice, f"/api/packages/{acme}/tool/collaborators/carol").expect(201)
    put(alice, f"/api/packages/{acme}/other/collaborators/eve").expect(201)
    member = f"/api/v1/organizations/{acme}/members"
    for login in ("carol", "dave", "eve"):
        as_(people, login).delete(f"{member}/dave").expect(403)
    alice.delete(f"{member}/carol").expect(204)
    alice.delete(f"{member}/carol").expect(204)
    assert members(alice, acme) == {"alice": ["owners"], "dave": ["devs"]}
    carol.get(f"/api/groups/{acme}").expect(403)
    carol.delete(f"/api/package/{acme}/tool").expect(403)
    alice.delete(f"{member}/eve").expect(204)  # is none: stays a collaborator
    publish(people, "eve", acme, tiny("other", "2.0"))
    alice.delete(f"{member}/nobody").expect(404)
    answer = alice.delete(f"{member}/alice").expect(409)
    assert "without an owner" in answer.error
    assert members(alice, acme) == {"alice": ["owners"], "dave": ["devs"]}


# --- who makes packages -------------------------------------------------------------------------


def let_create(people, acme, who):
    answer = as_(people, "alice").request("PATCH", f"/api/v1/accounts/{acme}",
                                          json_body={"package_creators": who})
    assert answer.expect(200).json()["package_creators"] == who


def test_owners_alone_may_create_packages(people, acme, tiny):
    publish(people, "alice", acme, tiny("tool"))
    add_group(people, acme, "leads", "admin", "carol", all_packages=True)
    shown = as_(people, "bob").get(f"/api/v1/accounts/{acme}").expect(200).json()
    assert shown["package_creators"] == "writers"
    publish(people, "carol", acme, tiny("first"))
    let_create(people, acme, "owners")
    refused(people, "carol", acme, tiny("second"))
    publish(people, "carol", acme, tiny("tool", "2.0"))
    publish(people, "alice", acme, tiny("second"))
    let_create(people, acme, "writers")
    publish(people, "carol", acme, tiny("third"))


def test_members_may_create_packages_and_keep_them(people, acme, tiny):
    publish(people, "alice", acme, tiny("tool"))
    add_group(people, acme, "readers", "read", "bob", "dave", all_packages=True)
    add_group(people, acme, "writers", "write", "carol", all_packages=True)
    refused(people, "bob", acme, tiny("mine"))
    let_create(people, acme, "members")
    publish(people, "bob", acme, tiny("mine"))
    publish(people, "bob", acme, tiny("mine", "2.0"))
    publish(people, "carol", acme, tiny("hers"))
    refused(people, "dave", acme, tiny("mine", "3.0"))
    refused(people, "bob", acme, tiny("tool", "2.0"))
    refused(people, "eve", acme, tiny("theirs"))
    alice = as_(people, "alice")
    collaborators = {name: alice.get(f"/api/packages/{acme}/{name}/collaborators").json()
                     for name in ("mine", "hers")}
    assert collaborators == {"mine": [{"login": "bob", "permission": "write"}], "hers": []}
    # Whoever is taken out has nothing left.
    alice.delete(f"/api/v1/organizations/{acme}/members/bob").expect(204)
    refused(people, "bob", acme, tiny("mine", "3.0"))
    refused(people, "bob", acme, tiny("more"))


# --- being told ---------------------------------------------------------------------------------


def news(client):
    found = client.get("/api/v1/notifications").expect(200).json()
    return found["unread"], [(it["kind"], it["parameters"]) for it in found["notifications"]]


def test_people_are_told_what_others_do_with_them(people, account, acme, tiny):
    frank = account("frank").by_token("news")
    alice, about = as_(people, "alice"), {"by": "alice", "owner": acme}
    assert news(frank) == (0, [])
    publish(people, "alice", acme, tiny("tool"))
    add_group(people, acme, "devs", "write", "frank")
    put(alice, f"/api/group/{acme}/devs/members/frank").expect(204)  # is so already
    put(alice, f"/api/group/{acme}/owners/members/frank").expect(204)
    put(alice, f"/api/packages/{acme}/tool/collaborators/frank").expect(201)
    alice.delete(f"/api/packages/{acme}/tool/collaborators/frank").expect(201)
    alice.delete(f"/api/group/{acme}/devs/members/frank").expect(204)
    alice.delete(f"/api/v1/organizations/{acme}/members/frank").expect(204)
    told = [("removed_from_organization", about),
            ("removed_from_group", {**about, "group": "devs"}),
            ("removed_as_collaborator", {**about, "package": "tool"}),
            ("made_collaborator", {**about, "package": "tool"}),
            ("made_owner", about),
            ("added_to_group", {**about, "group": "devs"})]
    assert news(frank) == (6, told)
    assert "frank" not in str(news(alice))
    # Reading: one, others' (which changes nothing), all.
    listed = frank.get("/api/v1/notifications").json()["notifications"]
    assert [it["read_at"] for it in listed] == [None] * 6
    as_(people, "bob").post("/api/v1/notifications/read", {"ids": [listed[1]["id"]]}).expect(204)
    assert news(frank)[0] == 6
    frank.post("/api/v1/notifications/read", {"ids": [listed[0]["id"]]}).expect(204)
    assert news(frank) == (5, told)
    first = frank.get("/api/v1/notifications").json()["notifications"][0]["read_at"]
    assert first is not None
    frank.post("/api/v1/notifications/read", {}).expect(204)
    assert news(frank) == (0, told)
    assert frank.get("/api/v1/notifications").json()["notifications"][0]["read_at"] == first


def test_nobody_is_told_of_his_own_deeds(people, account, acme):
    grace = account("grace").by_token("news")
    grace.post("/api/v1/organizations", {"login": f"{acme}-too"}).expect(201)
    grace.post(f"/api/group/{acme}-too/devs", {}).expect(204)
    put(grace, f"/api/group/{acme}-too/devs/members/grace").expect(204)
    grace.delete(f"/api/group/{acme}-too/devs/members/grace").expect(204)
    assert news(grace) == (0, [])


@pytest.mark.parametrize("ids", [[], "1", [0], ["1"], [1] * 201])
def test_what_cannot_be_read_is_told(people, ids):
    answer = as_(people, "bob").post("/api/v1/notifications/read", {"ids": ids}).expect(422)
    assert answer.json()["field"] == "ids"


@pytest.mark.parametrize("method, path, body, status", [
    ("POST", "/api/group/{acme}/devs", {"perms": "root"}, 422),
    ("POST", "/api/group/{acme}/de%20vs", {}, 422),
    ("POST", "/api/group/alice/devs", {}, 404),
    ("GET", "/api/group/{acme}/absent", None, 404),
    ("PUT", "/api/group/{acme}/absent/members/bob", None, 404),
    ("PUT", "/api/group/{acme}/owners/members/nobody", None, 404),
    ("PUT", "/api/group/{acme}/owners/members/{acme}", None, 422),
    ("PUT", "/api/group/{acme}/owners/packages/absent", None, 404),
    ("GET", "/api/groups/nobody", None, 403)])
def test_what_is_wrong_is_told(people, acme, method, path, body, status):
    answer = as_(people, "alice").request(method, path.format(acme=acme), json_body=body)
    assert answer.status == status, answer.body
    assert answer.error


def test_a_token_without_the_scope_changes_no_group(people, acme):
    alice = people["alice"]
    writer = alice.by_token("writer", scopes=["api:read", "api:write"])
    keeper = alice.by_token("keeper", scopes=["api:modify-group"])
    writer.post(f"/api/group/{acme}/devs", {}).expect(403)
    keeper.post(f"/api/group/{acme}/devs", {}).expect(204)
    keeper.get(f"/api/groups/{acme}").expect(403)
    keeper.post(f"/api/package/{acme}/x", {"public": True}).expect(403)


# --- tokens of an organization ----------------------------------------------------------------


def make_token(people, login, organization, name, **more):
    client = people[login].by_password()
    return client.post("/api/authentications", {"note": name, "user": organization, **more})


def test_a_token_of_an_organization_is_the_organization(people, acme, server, tiny):
    token = secrets.remember(make_token(people, "alice", acme, "ci").expect(200).json()["token"])
    client = server.client(token=token)
    assert client.get("/api/user").expect(200).json()["login"] == acme
    Upload(client, acme, packages.describe(tiny("built"))).run()
    with pytest.raises(Refused) as why:
        Upload(client, "alice", packages.describe(tiny("built"))).run()
    assert why.value.answer.status == 403
    answer = client.post("/api/v1/organizations", {"login": f"{acme}-child"}).expect(422)
    assert "is an organization, not a user" in answer.error


def test_tokens_of_an_organization_are_its_owners_business(people, acme):
    alice = as_(people, "alice")
    add_group(people, acme, "leads", "admin", "carol", all_packages=True)
    secrets.remember(make_token(people, "alice", acme, "ci").expect(200).json()["token"])
    for login in ("carol", "bob"):
        make_token(people, login, acme, "mine").expect(403)
        as_(people, login).get(f"/api/authentications/org/{acme}").expect(403)
        as_(people, login).delete(f"/api/authentications/org/{acme}/name/ci").expect(403)
    make_token(people, "alice", "bob", "theirs").expect(403)
    make_token(people, "alice", "nobody", "theirs").expect(403)
    assert "ci" not in [it["application"] for it in alice.get("/api/authentications").json()]
    listed = alice.get(f"/api/authentications/org/{acme}").expect(200).json()
    assert [it["application"] for it in listed] == ["ci"]


def test_nobody_makes_tokens_of_another_user(people, account):
    """Not even administrators, who may do all that those might."""
    boss = account("boss", superuser=True)
    answer = boss.by_password().post("/api/authentications", {"note": "x", "user": "bob"})
    answer.expect(404)
    assert "is a user, not an organization" in answer.error


def test_a_revoked_token_of_an_organization_is_dead(people, acme, server):
    token = secrets.remember(make_token(people, "alice", acme, "a/b").expect(200).json()["token"])
    client = server.client(token=token)
    client.get("/api/user").expect(200)
    make_token(people, "alice", acme, "a/b", **{"fail-if-exists": True}).expect(400)
    as_(people, "alice").delete(f"/api/authentications/org/{acme}/name/a/b").expect(201)
    client.get("/api/user").expect(401)
    as_(people, "alice").delete(f"/api/authentications/org/{acme}/name/a/b").expect(404)
