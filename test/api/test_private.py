"""Packages that not everybody may see: on every surface, for every kind of caller."""
import itertools

import pytest

from support import packages, surfaces
from support.publish import Upload

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob", "carol", "dave", "eve")}


@pytest.fixture(scope="module")
def boss(account):
    return account("boss", superuser=True)


def as_(people, login):
    return people[login].by_token(f"token {next(NUMBERS)}")


@pytest.fixture
def acme(people, tiny):
    """A new organization of alice's with one package of each access, two of them private."""
    return World(people, f"org{next(NUMBERS)}", tiny)


class World:
    def __init__(self, people, login, tiny):
        self.people, self.login = people, login
        self.alice = as_(people, "alice")
        self.alice.post("/api/v1/organizations", {"login": login}).expect(201)
        self.made = {name: self.publish(name, access, tiny)
                     for name, access in (("pub", "public"), ("auth", "authenticated"),
                                          ("priv", "private"), ("hidden", "private"))}

    def publish(self, name, access, tiny, labels=()):
        upload = Upload(self.alice, self.login, packages.describe(tiny(name)), list(labels))
        self.alice.post(f"/api/package/{self.login}/{name}", {"access": access}).expect(200)
        upload.run()
        return upload.package

    def set_access(self, name, access):
        self.alice.request("PUT", f"/api/v1/packages/{self.login}/{name}/access",
                           json_body={"access": access}).expect(204)

    def group(self, name, perms, *members, packages=(), **more):
        path = f"/api/group/{self.login}/{name}"
        self.alice.post(path, {"perms": perms, **more}).expect(204)
        for login in members:
            self.alice.request("PUT", f"{path}/members/{login}").expect(204)
        for package in packages:
            self.alice.request("PUT", f"{path}/packages/{package}").expect(204)

    def collaborator(self, login, package, permission=None):
        body = {"permission": permission} if permission else None
        self.alice.request("PUT", f"/api/packages/{self.login}/{package}/collaborators/{login}",
                           json_body=body).expect(201)

    def check(self, client, *names):
        seen = [self.made[name] for name in names]
        surfaces.check(client, self.login, list(self.made.values()), seen)


def test_who_sees_what(people, boss, acme, server):
    acme.group("readers", "read", "bob", all_packages=True)
    acme.group("some", "read", "carol", packages=["priv"])
    acme.collaborator("dave", "hidden", "read")
    acme.check(server.client(), "pub")
    acme.check(as_(people, "eve"), "pub", "auth")
    acme.check(as_(people, "carol"), "pub", "auth", "priv")
    acme.check(as_(people, "dave"), "pub", "auth", "hidden")
    for client in (acme.alice, as_(people, "bob"), boss.by_token()):
        acme.check(client, "pub", "auth", "priv", "hidden")


def test_an_access_changes_with_the_next_request(people, acme, server):
    eve, anybody = as_(people, "eve"), server.client()
    acme.set_access("pub", "private")
    acme.check(anybody)
    acme.check(eve, "auth")
    acme.set_access("priv", "authenticated")
    acme.check(anybody)
    acme.check(eve, "auth", "priv")
    acme.set_access("auth", "public")
    acme.set_access("hidden", "public")
    acme.check(anybody, "auth", "hidden")
    acme.check(eve, "auth", "hidden", "priv")
    acme.check(acme.alice, "pub", "auth", "hidden", "priv")


def test_what_was_served_of_a_package_goes_with_its_access(acme, server):
    """Its shard, too, though shards are kept for a week."""
    anybody = server.client()
    base = f"/conda/{acme.login}/noarch"
    index = surfaces.channel.shard_index(anybody, f"/conda/{acme.login}", "noarch")["shards"]
    path = f"{base}/shards/{index['pub'].hex()}.msgpack.zst"
    anybody.get(path).expect(200)
    acme.set_access("pub", "private")
    anybody.get(path).expect(404)
    acme.alice.get(path).expect(200)


def test_a_limited_token_sees_what_it_is_for(people, acme, tiny):
    """Beside what everybody sees: of authenticated packages, too, only those within its limits."""
    acme.made["deep"] = acme.publish("deep", "private", tiny, labels=["dev", "main"])
    acme.group("some", "read", "alice", packages=["hidden", "auth"])
    limited = {
        "packages": ({"packages": [f"{acme.login}/priv", f"{acme.login}/auth"]}, ("priv", "auth")),
        "others": ({"packages": ["alice/other"]}, ()),
        "group": ({"group": f"{acme.login}/some"}, ("hidden", "auth")),
        "both": ({"group": f"{acme.login}/some", "packages": [f"{acme.login}/auth"]}, ("auth",)),
        "owners": ({"group": f"{acme.login}/owners"}, ("auth", "priv", "hidden", "deep"))}
    for name, (limits, seen) in limited.items():
        acme.check(people["alice"].by_token(f"limited {name}", limits=limits), "pub", *seen)


def test_a_token_for_a_label_reads_that_label(people, acme, tiny):
    secret = acme.publish("secret", "private", tiny, labels=["dev"])
    other = acme.made["priv"]
    client = people["alice"].by_token("for dev", limits={"labels": ["dev"]})
    listed = client.get(f"/conda/{acme.login}/label/dev/noarch/repodata.json").expect(200).json()
    assert set(listed["packages.conda"]) == {secret.filename}
    client.get(f"/conda/{acme.login}/label/dev/{secret.basename}").expect(200)
    listed = client.get(f"/conda/{acme.login}/noarch/repodata.json").expect(200).json()
    assert set(listed["packages.conda"]) == {acme.made["pub"].filename}
    client.get(f"/conda/{acme.login}/{other.basename}").expect(404)
    for package, status in ((secret, 200), (other, 404)):
        client.get(f"/api/download/{acme.login}/{package.name}/1.0/{package.basename}").expect(status)
    whole = as_(people, "alice")
    whole.get(f"/conda/{acme.login}/{other.basename}").expect(200)
    client.get(f"/conda/{acme.login}/{other.basename}").expect(404)
