"""Packages that users mark: in the lists of whoever sees them, and of nobody else."""
import pytest

PACKAGES = {"open": "public", "inner": "authenticated", "hidden": "private"}


@pytest.fixture(scope="module")
def shelf(server, account, token):
    """alice has a package of each access; bob may see all of them."""
    alice = server.client(token=token("alice"))
    for name, access in PACKAGES.items():
        alice.post(f"/api/package/alice/{name}", {"access": access}).expect(200)
    account("bob")
    alice.request("PUT", "/api/packages/alice/hidden/collaborators/bob",
                  json_body={"perms": "read"}).expect(201)
    return alice


def mark(client, name, status=204, method="PUT"):
    return client.request(method, f"/api/v1/favorites/alice/{name}").expect(status)


def names(client, path):
    return {it["name"] for it in client.get(path).expect(200).json()}


def test_everybody_sees_those_that_he_may(server, shelf, token, anonymous):
    bob, carl = server.client(token=token("bob")), server.client(token=token("carl"))
    for name in PACKAGES:
        mark(bob, name)
        mark(bob, name)
    his = "/api/v1/accounts/bob/favorites"
    assert names(bob, "/api/v1/favorites") == names(bob, his) == set(PACKAGES)
    assert names(shelf, his) == set(PACKAGES)
    assert names(carl, his) == {"open", "inner"}
    assert names(anonymous, his) == {"open"}
    assert names(carl, "/api/v1/favorites") == set()
    mark(carl, "hidden", 404)
    mark(carl, "hidden", 404, "DELETE")
    mark(anonymous, "open", 401)
    anonymous.get("/api/v1/favorites").expect(401)


def test_what_somebody_may_not_see_any_more_is_gone_from_his_list(server, shelf, token):
    dora = server.client(token=token("dora"))
    shelf.request("PUT", "/api/packages/alice/hidden/collaborators/dora",
                  json_body={"perms": "read"}).expect(201)
    mark(dora, "hidden")
    assert names(dora, "/api/v1/favorites") == {"hidden"}
    shelf.delete("/api/packages/alice/hidden/collaborators/dora").expect(201)
    assert names(dora, "/api/v1/favorites") == set()
    mark(dora, "hidden", 404, "DELETE")


def test_packages_tell_how_many_have_marked_them(server, shelf, token):
    shelf.post("/api/package/alice/counted", {}).expect(200)
    erin, fred = server.client(token=token("erin")), server.client(token=token("fred"))

    def told(client):
        package = client.get("/api/package/alice/counted").expect(200).json()
        return package["favorites"], package["is_favorite"]
    assert told(erin) == (0, False)
    mark(erin, "counted")
    mark(fred, "counted")
    assert told(erin) == (2, True)
    assert told(server.client()) == (2, False)
    listed, = [it for it in erin.get("/api/v1/favorites").expect(200).json()
               if it["name"] == "counted"]
    assert listed["owner"] == "alice" and listed["favorites"] == 2
    mark(fred, "counted", method="DELETE")
    mark(fred, "counted", method="DELETE")
    assert told(fred) == (1, False)


def test_each_change_is_on_record_once(server, shelf, token):
    gina = server.client(token=token("gina"))
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        mark(gina, "open", method=method)
    events = gina.get("/api/v1/security-log?action=favorite.").expect(200).json()["events"]
    assert [(it["action"], it["object"]) for it in events] == [
        ("favorite.remove", "alice/open"), ("favorite.add", "alice/open")]


def test_favorites_go_with_the_package(server, shelf, token):
    hugo = server.client(token=token("hugo"))
    shelf.post("/api/package/alice/brief", {}).expect(200)
    mark(hugo, "brief")
    shelf.delete("/api/package/alice/brief").expect(201)
    assert names(hugo, "/api/v1/favorites") == set()
    shelf.post("/api/package/alice/brief", {}).expect(200)
    assert names(hugo, "/api/v1/favorites") == set(), "another package has taken its place"
