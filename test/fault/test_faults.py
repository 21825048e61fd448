"""Failing disks and deaths at named points of the write path (TERRARIUM_FAULT of base/fs.h)."""
import os
import re
from http.client import HTTPException
from pathlib import Path

import pytest

from conftest import make_account
from support import channel, packages
from support.publish import Refused, Upload
from support.server import BINARY as USUAL, ROOT, built_with

BINARY = Path(os.environ.get("TERRARIUM_BIN_FAULTS", USUAL))
pytestmark = pytest.mark.skipif(not built_with(b"TERRARIUM_FAULT", BINARY),
                                reason="the program was not built with -Dfaults=true")
# More passes of one point than any upload makes.
SWEEP = 60
# Failures that harm no upload: what was done cannot fail any more, and what is not removed waits
# for the next sweep. They are tried this often.
TOLERATED = {"db.committed": 3, "blob.remove": 3}


def points():
    """Every fault point of the sources, so that a new one is swept too."""
    found = set()
    for path in (ROOT / "src").rglob("*.c"):
        found |= set(re.findall(r'fault_point\("([^"]+)"\)', path.read_text()))
    return sorted(found)


@pytest.fixture
def server(new_server):
    it = new_server(binary=BINARY).start()
    make_account(it, "boss", superuser=True)  # so that a start has no set-up link to write
    it.alice = make_account(it, "alice")
    it.token = it.alice.token()
    return it


def upload_of(server, folder, name):
    path = packages.make_tiny(folder, name)
    return Upload(server.client(token=server.token), "alice", packages.describe(path))


def restart(server, fault=None):
    """False when the fault already ends the start."""
    if server.running():
        server.terminate()
    server.env = {"TERRARIUM_FAULT": fault} if fault else {}
    server.start(wait=False)
    try:
        server.wait_ready()
    except AssertionError:
        if fault and not server.running():
            return False
        raise
    return True


def check(server, folder, acknowledged):
    """What was acknowledged is there, and whatever is there is whole."""
    client = server.client()
    listed = channel.listed(client, "/conda/alice", "noarch")
    assert acknowledged <= set(listed)
    for filename, record in listed.items():
        body = client.get(f"/conda/alice/noarch/{filename}").expect(200).body
        assert body == (folder / filename).read_bytes()
        assert record["sha256"] == packages.sha256_of(folder / filename)
    return listed


def test_there_are_points_to_fail():
    assert "blob.write" in points()


@pytest.mark.parametrize("point", points())
def test_a_death_at_every_pass_of_a_point_loses_nothing(server, tmp_path, point):
    acknowledged = set()
    for number in range(1, SWEEP):
        upload = upload_of(server, tmp_path, f"pkg{number}")
        if restart(server, f"{point}:{number}:KILL"):
            upload.client = server.client(token=server.token)
            try:
                upload.run()
                acknowledged.add(upload.package.filename)
            except (OSError, HTTPException):
                pass  # it died
        survived = server.running()
        restart(server)
        listed = check(server, tmp_path, acknowledged)
        if upload.package.filename not in listed:  # the same upload, anew
            upload_of(server, tmp_path, f"pkg{number}").run()
        acknowledged.add(upload.package.filename)
        check(server, tmp_path, acknowledged)
        if survived:
            return
    raise AssertionError(f"an upload passes {point} more than {SWEEP} times")


@pytest.mark.parametrize("what, status", [("ENOSPC", 507), ("EIO", 500)])
@pytest.mark.parametrize("point", points())
def test_a_failing_disk_at_every_pass_of_a_point_is_told(server, tmp_path, point, what, status):
    acknowledged = set()
    for number in range(1, SWEEP):
        if not restart(server, f"{point}:{number}:{what}"):
            restart(server)
            continue
        upload = upload_of(server, tmp_path, f"pkg{number}")
        try:
            upload.run()
        except Refused as refused:
            assert refused.answer.status == status, refused
            check(server, tmp_path, acknowledged)
            server.client().get("/conda/alice/" + upload.package.basename).expect(404)
            # The point fails once: the next try goes through.
            upload_of(server, tmp_path, f"pkg{number}").run()
            acknowledged.add(upload.package.filename)
            check(server, tmp_path, acknowledged)
        else:
            acknowledged.add(upload.package.filename)
            check(server, tmp_path, acknowledged)
            if point not in TOLERATED or number >= TOLERATED[point]:
                return
    raise AssertionError(f"an upload passes {point} more than {SWEEP} times")


def in_trash(client):
    """filename -> number"""
    items = client.get("/api/v1/trash/alice").expect(200).json()["items"]
    return {item["file"].rpartition("/")[2]: item["id"] for item in items}


@pytest.mark.parametrize("point", ["db.commit", "db.committed"])
def test_a_death_between_channel_and_trash_loses_nothing(server, tmp_path, point):
    """Removed, put back, removed, and deleted for good; until then it is in one place or the other."""
    for number in range(1, SWEEP):
        upload = upload_of(server, tmp_path, f"moved{number}")
        upload.run()
        name, path, ended = upload.package.filename, "/api/dist" + upload.dist_path, False
        if restart(server, f"{point}:{number}:KILL"):
            client = server.client(token=server.token)
            try:
                client.delete(path).expect(200)
                client.post(f"/api/v1/trash/alice/{in_trash(client)[name]}/restore", {}).expect(200)
                client.delete(path).expect(200)
                number_in_trash, ended = in_trash(client)[name], True
                client.delete(f"/api/v1/trash/alice/{number_in_trash}").expect(204)
            except (OSError, HTTPException):
                pass  # it died
        survived = server.running()
        restart(server)
        client = server.client(token=server.token)
        listed = name in channel.listed(client, "/conda/alice", "noarch")
        kept = name in in_trash(client)
        assert listed + kept == 1 or (ended and not listed), (name, listed, kept)
        assert "all is well" in server.command("verify").stdout
        if survived:
            return
    raise AssertionError(f"this passes {point} more than {SWEEP} times")


def test_a_collision_of_transactions_is_tried_again(server, tmp_path):
    """At each of the five commits of an upload in turn. Only the request with the bytes, which
    cannot be had a second time, is told to come back."""
    refused = []
    for number in range(1, 6):
        restart(server, f"db.commit:{number}:EDEADLK")
        upload = upload_of(server, tmp_path, f"collides{number}")
        try:
            upload.run()
        except Refused as why:
            refused.append((number, why.step, why.answer.status))
            assert why.answer.header("Retry-After")
            upload_of(server, tmp_path, f"collides{number}").run()
        assert len(channel.listed(server.client(), "/conda/alice", "noarch")) == number
    assert refused == [(4, "form", 503)]


def test_a_full_disk_at_the_bytes_is_507(server, tmp_path):
    restart(server, "blob.write:1:ENOSPC")
    with pytest.raises(Refused) as refused:
        upload_of(server, tmp_path, "full").run()
    assert refused.value.answer.status == 507 and refused.value.step == "form"
    assert b"<Code>" in refused.value.answer.body


def delete_organization(server, login):
    return server.alice.by_password().request(
        "DELETE", f"/api/v1/organizations/{login}",
        json_body={"name": login, "password": server.alice.password})


def whole_or_gone(server, login, paths):
    """Whether the organization is still there."""
    client = server.client(token=server.token)
    server.command("verify")
    if client.get(f"/api/user/{login}").status == 404:
        client.get(f"/conda/{login}/noarch/repodata.json").expect(404)
        client.get(f"/api/packages/{login}").expect(404)
        client.post("/api/v1/organizations", {"login": login}).expect(422)
        return False
    assert set(channel.listed(client, f"/conda/{login}", "noarch")) == {it.name for it in paths}
    for path in paths:
        body = client.get(f"/conda/{login}/noarch/{path.name}").expect(200).body
        assert body == path.read_bytes()
    client.get(f"/api/group/{login}/owners/members/alice").expect(204)
    return True


@pytest.mark.parametrize("point", ["db.commit", "db.committed", "blob.remove"])
def test_a_death_leaves_an_organization_whole_or_gone(server, tmp_path, point):
    there = []  # after a death at the first pass, at the second ...
    for number in range(1, SWEEP):
        login, paths, answered = f"org{number}", [], False
        client = server.client(token=server.token)
        client.post("/api/v1/organizations", {"login": login}).expect(201)
        for name in ("one", "two"):
            paths.append(packages.make_tiny(tmp_path, f"{name}{number}"))
            Upload(client, login, packages.describe(paths[-1])).run()
        if restart(server, f"{point}:{number}:KILL"):
            try:
                delete_organization(server, login).expect(204)
                answered = True
            except (OSError, HTTPException):
                pass  # it died
        restart(server)
        there.append(whole_or_gone(server, login, paths))
        if there[-1]:
            assert not answered
            delete_organization(server, login).expect(204)
            assert not whole_or_gone(server, login, paths)
        if answered:
            assert len(there) > 1 and (there[0] or point != "db.commit")
            return
    raise AssertionError(f"a deletion passes {point} more than {SWEEP} times")
