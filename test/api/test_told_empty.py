"""Jobs that publish builds of one package side by side: one fails, and cleans up as anaconda-client
does, while another succeeds."""
import pytest

from support import packages
from support.publish import Refused, Upload


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


@pytest.fixture
def bob(server, token):
    return server.client(token=token("bob"))


def let_in(alice, name):
    alice.request("PUT", f"/api/packages/alice/{name}/collaborators/bob").expect(201)


def ready(client, owner, path):
    """An upload whose bytes are there: all but its commit."""
    it = Upload(client, owner, packages.describe(path))
    it.register()
    it.stage()
    it.send()
    return it


def failing(client, name, tmp_path):
    """The upload of a job that creates package and release, and is refused at last."""
    path = packages.make(tmp_path, packages.index_of(name, depends=["python >=,"]))
    it = ready(client, "alice", path)
    with pytest.raises(Refused):
        it.commit()
    return f"/api/release/alice/{name}/1.0", f"/api/package/alice/{name}"


@pytest.mark.parametrize("whose", ["alice", "bob"])
def test_what_was_published_between_the_look_and_the_removal_stays(alice, bob, anonymous, tmp_path,
                                                                   tiny, whose):
    """Also where all jobs have one account."""
    name = f"race-{whose}"
    release, package = failing(alice, name, tmp_path / "bad")
    let_in(alice, name)
    theirs = ready({"alice": alice, "bob": bob}[whose], "alice", tiny(name, "1.0", "1"))
    assert alice.get(release).expect(200).json()["distributions"] == []
    theirs.commit()
    # 404 is what the client passes over.
    refused = alice.delete(release).expect(404)
    assert refused.error == (f'"alice/{name}/1.0" was empty when you looked, and has files by now: '
                             "look again before you remove it")
    files = alice.get(package).expect(200).json()["files"]
    assert [it["basename"] for it in files] == [f"noarch/{name}-1.0-1.conda"]
    anonymous.get(f"/conda/alice/noarch/{name}-1.0-1.conda").expect(200)
    # Who has looked at it as it is now may remove it.
    assert len(alice.get(release).expect(200).json()["distributions"]) == 1
    alice.delete(release).expect(201)
    alice.delete(package).expect(201)


def test_nor_does_the_package_go(alice, bob, anonymous, tmp_path, tiny):
    release, package = failing(alice, "whole", tmp_path / "bad")
    let_in(alice, "whole")
    alice.get(release).expect(200)
    alice.delete(release).expect(201)
    assert alice.get(package).expect(200).json()["files"] == []
    path = tiny("whole", "2.0")
    ready(bob, "alice", path).commit()
    assert "was empty when you looked" in alice.delete(package).expect(404).error
    anonymous.get(f"/conda/alice/noarch/{path.name}").expect(200)
    alice.get(package).expect(200)
    alice.delete(package).expect(201)


def test_what_is_empty_goes_as_ever(alice, tmp_path):
    release, package = failing(alice, "void", tmp_path)
    assert alice.get(release).expect(200).json()["distributions"] == []
    alice.delete(release).expect(201)
    assert alice.get(package).expect(200).json()["files"] == []
    alice.delete(package).expect(201)
    alice.get(package).expect(404)


def test_who_uploads_into_something_empty_removes_it_at_once(alice, tiny):
    alice.post("/api/package/alice/own", {"public": True}).expect(200)
    alice.get("/api/package/alice/own").expect(200)
    alice.post("/api/release/alice/own/1.0", {}).expect(200)
    alice.get("/api/release/alice/own/1.0").expect(200)
    ready(alice, "alice", tiny("own", "1.0")).commit()
    alice.delete("/api/release/alice/own/1.0").expect(201)
    alice.delete("/api/package/alice/own").expect(201)
