"""Packages that change their owner: everywhere, at once, and with nobody's right but the new one's."""
import itertools

import pytest

from support import channel, packages, surfaces
from support.publish import Upload
from support.site import verify

numbers = itertools.count()


@pytest.fixture(scope="module")
def people(server, account, token):
    """alice and acme, which is hers; mary is a member there who may write, bob is nobody's."""
    alice = server.client(token=token("alice"))
    alice.post("/api/v1/organizations", {"login": "acme"}).expect(201)
    alice.post("/api/group/acme/writers", {"perms": "write", "all_packages": True}).expect(204)
    account("mary")
    alice.request("PUT", "/api/group/acme/writers/members/mary").expect(204)
    return {it: server.client(token=token(it)) for it in ("alice", "bob", "mary", "carl")}


@pytest.fixture
def package(people, tiny):
    """package(owner, by, access): a new one, published."""
    def make(owner="alice", by="alice", access="public", version="1.0", name=None):
        it = packages.describe(tiny(name or f"tool{next(numbers)}", version))
        Upload(people[by], owner, it).run()
        if access != "public":
            people[by].request("PUT", f"/api/v1/packages/{owner}/{it.name}/access",
                               json_body={"access": access}).expect(204)
        return it
    return make


def give(client, owner, name, to, status):
    answer = client.post(f"/api/v1/packages/{owner}/{name}/transfer", {"to": to}).expect(status)
    return answer.json()


def answer_offer(client, number, status, verb="accept"):
    path = f"/api/v1/transfers/{number}"
    if verb == "accept":
        return client.post(f"{path}/accept").expect(status)
    return client.delete(path).expect(status)


def is_at(client, owner, package, there):
    """On every surface of the owner's channel, and at every address."""
    for surface, found in surfaces.documents(client, f"/conda/{owner}", "noarch").items():
        assert (package.filename in found) == there, f"{owner}: {surface}"
    for path in surfaces.file_addresses(owner, package):
        surfaces.answers(client, path, there)


def test_it_moves_with_the_next_request(people, package, anonymous):
    it = package()
    is_at(anonymous, "alice", it, True)
    is_at(anonymous, "acme", it, False)
    assert give(people["alice"], "alice", it.name, "acme", 200) == {
        "state": "transferred", "id": None, "from": "alice", "package": it.name, "to": "acme"}
    for client in (anonymous, people["alice"], people["bob"]):
        is_at(client, "alice", it, False)
        is_at(client, "acme", it, True)
    people["mary"].get(f"/api/package/acme/{it.name}").expect(200)


def test_its_old_address_is_as_if_it_never_was(people, package, anonymous):
    it = package()
    digest = channel.shard_index(anonymous, "/conda/alice", "noarch")["shards"][it.name].hex()
    shard = f"/conda/alice/noarch/shards/{digest}.msgpack.zst"
    anonymous.get(shard).expect(200)
    give(people["alice"], "alice", it.name, "acme", 200)
    anonymous.get(shard).expect(404)
    for client in (anonymous, people["alice"]):
        gone = client.get(f"/api/package/alice/{it.name}").expect(404)
        never = client.get(f"/api/package/alice/{'x' * len(it.name)}").expect(404)
        assert gone.body.replace(it.name.encode(), b"") == never.body.replace(
            b"x" * len(it.name), b"")
        assert gone.header("Location") is None
    people["alice"].post(f"/api/package/alice/{it.name}", {}).expect(200)


def test_an_offer_waits_for_its_answer(people, package, anonymous):
    it = package()
    offered = give(people["alice"], "alice", it.name, "bob", 201)
    assert offered["state"] == "offered"
    number = offered["id"]
    is_at(anonymous, "alice", it, True)
    incoming = people["bob"].get("/api/v1/transfers").expect(200).json()["incoming"]
    assert [(row["id"], row["from"], row["package"], row["offered_by"]) for row in incoming] == [
        (number, "alice", it.name, "alice")]
    for stranger in ("carl", "mary", "alice"):
        answer_offer(people[stranger], number, 404)
    answer_offer(people["carl"], number, 404, "decline")
    answer_offer(anonymous, number, 401)
    answer_offer(people["bob"], number, 200)
    is_at(anonymous, "alice", it, False)
    is_at(anonymous, "bob", it, True)
    answer_offer(people["bob"], number, 404)
    kinds = [(row["kind"], row["parameters"]["by"], row["parameters"]["package"])
             for row in people["bob"].get("/api/v1/notifications").json()["notifications"]]
    assert ("package_offered", "alice", it.name) in kinds
    kinds = [(row["kind"], row["parameters"]["by"], row["parameters"]["target"])
             for row in people["alice"].get("/api/v1/notifications").json()["notifications"]]
    assert ("package_transferred", "bob", "bob") in kinds


def test_both_accounts_have_it_on_record(people, package):
    it = package()
    number = give(people["alice"], "alice", it.name, "bob", 201)["id"]
    answer_offer(people["bob"], number, 200)

    def told(who):
        events = people[who].get(
            f"/api/v1/accounts/{who}/security-log?action=package.").expect(200).json()["events"]
        return [(event["actor"], event["action"], event["object"], event["detail"])
                for event in events if event["object"].endswith("/" + it.name)]
    assert told("alice")[:2] == [
        ("bob", "package.transfer", f"alice/{it.name}", "to bob"),
        ("alice", "package.offer", f"alice/{it.name}", "to bob")]
    assert told("bob") == [("bob", "package.transfer", f"bob/{it.name}", "from alice")]


@pytest.mark.parametrize("who", ["bob", "alice"])
def test_an_offer_is_declined_or_withdrawn(people, package, who):
    it = package()
    number = give(people["alice"], "alice", it.name, "bob", 201)["id"]
    answer_offer(people[who], number, 204, "end")
    answer_offer(people["bob"], number, 404)
    people["alice"].get(f"/api/package/alice/{it.name}").expect(200)


def test_a_private_package_is_the_new_owner_s_secret(people, package, anonymous):
    """Whoever could see it as a member cannot any more; collaborators from outside can."""
    it = package("acme", access="private")
    people["mary"].get(f"/api/package/acme/{it.name}").expect(200)
    people["alice"].request("PUT", f"/api/packages/acme/{it.name}/collaborators/carl",
                            json_body={"perms": "write"}).expect(201)
    number = give(people["alice"], "acme", it.name, "bob", 201)["id"]
    answer_offer(people["bob"], number, 200)
    for owner in ("acme", "bob"):
        for client in (anonymous, people["mary"], people["alice"]):
            is_at(client, owner, it, False)
    is_at(people["bob"], "bob", it, True)
    is_at(people["carl"], "bob", it, True)
    people["mary"].post(f"/api/package/bob/{it.name}", {}).expect(403)
    people["carl"].post(f"/api/release/bob/{it.name}/2.0", {}).expect(200)


def test_uploads_under_way_are_over(people, package, tiny):
    it = package()
    more = Upload(people["alice"], "alice", packages.describe(tiny(it.name, "2.0")))
    more.register()
    more.stage()
    more.send()
    give(people["alice"], "alice", it.name, "acme", 200)
    answer = people["alice"].post("/api/commit" + more.quoted_path, {
        "dist_id": more.answers["stage"].json()["dist_id"]})
    assert answer.status == 404
    more.owner = "acme"
    answer = people["alice"].post("/api/commit" + more.quoted_path, {
        "dist_id": more.answers["stage"].json()["dist_id"]})
    assert answer.status == 404


def test_what_is_in_the_way_is_told(people, package):
    it = package()
    package("acme", name=it.name)
    refused = people["alice"].post(f"/api/v1/packages/alice/{it.name}/transfer", {"to": "acme"})
    assert refused.expect(409).error == (
        f'"alice/{it.name}" cannot be transferred to "acme": it has a package "{it.name}"')
    refused = people["alice"].post(f"/api/v1/packages/alice/{it.name}/transfer", {"to": "nobody"})
    assert refused.expect(422).json()["field"] == "to"
    people["bob"].post(f"/api/v1/packages/alice/{it.name}/transfer", {"to": "bob"}).expect(403)
    people["mary"].post(f"/api/v1/packages/acme/{it.name}/transfer", {"to": "mary"}).expect(403)


def test_a_limited_token_gives_nothing_else_away(people, package, account, server):
    it, other = package(), package()
    limited = account("alice").token("limited", limits={"packages": [f"alice/{it.name}"]})
    client = server.client(token=limited)
    client.post(f"/api/v1/packages/alice/{other.name}/transfer", {"to": "acme"}).expect(403)
    # Its owner might create it there, the token may not: it is offered.
    assert give(client, "alice", it.name, "acme", 201)["state"] == "offered"


def test_statistics_and_favorites_go_along(people, package):
    it = package()
    people["carl"].request("PUT", f"/api/v1/favorites/alice/{it.name}").expect(204)
    give(people["alice"], "alice", it.name, "acme", 200)
    mine, = [row for row in people["carl"].get("/api/v1/favorites").expect(200).json()
             if row["name"] == it.name]
    assert mine["owner"] == "acme"
    assert people["carl"].get(f"/api/package/acme/{it.name}").expect(200).json()["favorites"] == 1


def test_all_is_consistent_in_the_end(people, server):
    verify(server)
