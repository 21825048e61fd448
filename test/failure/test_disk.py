"""The disk is really full: a small file system of its own, where root may mount one."""
import os
import random
import subprocess

import pytest

from conftest import make_account
from support import channel, packages, stores
from support.publish import Refused, Upload
from support.server import Server
from support.site import check_clean, verify

SIZE = 48 << 20
ROOM = 2 << 20             # what a nearly full disk has left


@pytest.fixture
def disk(tmp_path):
    """The folder of a small file system."""
    if os.geteuid() != 0:
        pytest.skip("only root can mount a small disk to fill")
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "none",
                              folder], capture_output=True, text=True)
    if mounted.returncode:
        pytest.skip(f"this machine mounts no small disk to fill: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def fill(disk, leave=0):
    """Takes all the room but so much."""
    with open(disk / "ballast", "ab") as file:
        room = os.statvfs(disk)
        file.write(b"\0" * max(0, room.f_bavail * room.f_bsize - leave))


def free(disk):
    (disk / "ballast").unlink()


@pytest.fixture(params=["embedded", "postgresql+s3"])
def server(request, disk):
    """A server whose folder, or whose spool, is on the small disk."""
    place = stores.Place() if request.param == "embedded" else stores.networked()
    it = Server(disk / "data", place=place)
    it.log_path = disk.parent / "server.log"
    it.start()
    it.token = make_account(it, "alice").token()
    yield it
    if it.running():
        it.kill()
    it.check_log()
    place.drop()


def upload_of(server, folder, name, size=0):
    path = packages.make(folder / "packages", packages.index_of(name), {
        f"share/{name}": random.Random(name).randbytes(size) or name.encode()}, ".conda")
    return Upload(server.client(token=server.token), "alice", packages.describe(path))


def files(server):
    return {path.relative_to(server.data): path.stat().st_size
            for path in server.data.rglob("*") if path.is_file()}


def test_a_file_larger_than_the_room_is_507_and_leaves_nothing(server, disk, tmp_path):
    first = upload_of(server, tmp_path, "first", 100_000)
    first.run()
    large = upload_of(server, tmp_path, "large", 3 * ROOM)
    large.register()
    large.stage()
    fill(disk, ROOM)
    before = {name for name in files(server)}
    with pytest.raises(Refused) as refused:
        large.send()
    assert refused.value.answer.status == 507, refused.value
    assert b"<Code>" in refused.value.answer.body
    assert not [name for name, size in files(server).items()
                if name not in before and size > 100_000], "bytes of the refused upload are left"
    client = server.client()
    client.get(f"/conda/alice/{large.package.basename}").expect(404)
    assert client.get(f"/conda/alice/{first.package.basename}").expect(200).body == first.data
    upload_of(server, tmp_path, "small").run()              # there is room for this one
    free(disk)
    upload_of(server, tmp_path, "large", 3 * ROOM).run()
    assert set(channel.listed(client, "/conda/alice", "noarch")) == {
        f"{name}-1.0-0.conda" for name in ("first", "small", "large")}
    verify(server)


def test_reading_goes_on_without_any_room_and_writing_begins_again(server, disk, tmp_path):
    published = [upload_of(server, tmp_path, f"p{number}", 50_000) for number in range(3)]
    for upload in published:
        upload.run()
    fill(disk)
    client = server.client()
    for turn in range(3):
        with pytest.raises(Refused) as refused:
            upload_of(server, tmp_path, f"refused{turn}", 200_000).run()
        assert refused.value.answer.status == 507, refused.value
        listed = channel.listed(client, "/conda/alice", "noarch")
        assert set(listed) == {upload.package.filename for upload in published}
        for upload in published:
            answer = client.get(f"/conda/alice/{upload.package.basename}").expect(200)
            assert answer.body == upload.data
        client.get("/readyz").expect(200)
    free(disk)
    for turn in range(3):
        upload_of(server, tmp_path, f"refused{turn}", 200_000).run()
    assert len(channel.listed(client, "/conda/alice", "noarch")) == 6
    check_clean(server)
    assert server.terminate() == 0


def test_a_server_killed_on_a_full_disk_starts_again_when_there_is_room(server, disk, tmp_path):
    upload = upload_of(server, tmp_path, "kept", 50_000)
    upload.run()
    large = upload_of(server, tmp_path, "large", 3 * ROOM)
    large.register()
    large.stage()
    fill(disk, ROOM)
    with pytest.raises(Refused):
        large.send()
    fill(disk)
    server.kill()
    free(disk)
    server.start()
    client = server.client()
    assert client.get(f"/conda/alice/{upload.package.basename}").expect(200).body == upload.data
    verify(server)
