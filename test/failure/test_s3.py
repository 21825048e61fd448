"""S3 goes away, is slow, answers nonsense: uploads fail cleanly, and what is at hand is served."""
import hashlib
import http.client
import random
import time

import pytest

from conftest import make_account
from support import channel, packages, stores
from support.http import Client
from support.load import Load
from support.proxy import Proxy
from support.publish import Refused, Upload
from support.server import Server
from support.site import check_clean, verify
from support.wait import idle

PATIENCE = 45              # seconds that no request takes while S3 is in trouble
COPIED = 3 << 20           # a package that a node copies before it sends it
STREAMED = 40 << 20        # one that it sends in pieces while it reads it


@pytest.fixture
def proxy():
    it = Proxy(stores.bucketeer().host, stores.bucketeer().port)
    yield it
    it.close()


@pytest.fixture
def place(proxy):
    it = stores.networked(endpoint=proxy.url)
    yield it
    it.drop()


@pytest.fixture
def new_node(tmp_path, place):
    made = []

    def make(*options):
        made.append(Server(tmp_path / f"node{len(made)}", place=place, options=options))
        return made[-1]
    yield make
    for it in made:
        if it.running():
            it.kill()
        it.check_log()


@pytest.fixture
def node(new_node):
    """One that keeps local copies, and an account."""
    it = new_node().start()
    it.token = make_account(it, "alice").token()
    return it


@pytest.fixture
def other(node, new_node):
    """One that has no local copies and keeps none."""
    it = new_node("--cache-max", "0").start()
    it.token = node.token
    return it


def upload_of(node, folder, name, size=0):
    path = packages.make(folder, packages.index_of(name), {
        f"share/{name}": random.Random(name).randbytes(size) or name.encode()}, ".tar.bz2")
    return Upload(node.client(token=node.token), "alice", packages.describe(path))


def published(node, folder, name, size=0):
    it = upload_of(node, folder, name, size)
    it.run()
    return it


def download(node, upload):
    return node.client().get(f"/conda/alice/noarch/{upload.package.filename}")


TROUBLE = {
    "refused": lambda proxy: proxy.refuse(),
    "500": lambda proxy: proxy.answer(500),
    "503": lambda proxy: proxy.answer(503),
    "cut": lambda proxy: proxy.cut(0),
    "hang": lambda proxy: proxy.hang(),
}


@pytest.mark.slow
@pytest.mark.parametrize("trouble", TROUBLE)
def test_an_upload_without_s3_is_503_and_leaves_nothing(node, proxy, tmp_path, trouble):
    kept = published(node, tmp_path, "kept")
    warm = upload_of(node, tmp_path, "warm")
    warm.register()
    warm.stage()
    TROUBLE[trouble](proxy)
    start = time.monotonic()
    with pytest.raises(Refused) as refused:
        warm.send()
        warm.commit()
    assert refused.value.answer.status == 503, refused.value
    assert refused.value.answer.header("Retry-After")
    assert time.monotonic() - start < PATIENCE
    # What is at hand is served meanwhile.
    client = node.client()
    for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
        client.get(f"/conda/alice/noarch/{name}").expect(200)
    assert download(node, kept).expect(200).body == kept.data
    assert warm.package.filename not in channel.filenames(client, "/conda/alice", "noarch")
    client.get("/healthz").expect(200)
    proxy.heal()
    again = published(node, tmp_path, "warm")
    assert download(node, again).expect(200).body == again.data
    check_clean(node)


def test_some_failures_of_s3_are_not_noticed(node, proxy, tmp_path):
    """It answers 500 or 503 now and then, or ends a connection: asking again is enough."""
    for number, trouble in enumerate([
            lambda: proxy.answer(500, times=2), lambda: proxy.answer(503, times=2),
            lambda: proxy.cut(0, times=2), lambda: proxy.answer(503, times=1, methods=("PUT",)),
            lambda: proxy.cut(0, times=1, methods=("PUT",))]):
        trouble()
        upload = published(node, tmp_path, f"bumpy{number}")
        proxy.heal()
        assert upload.package.filename in channel.listed(node.client(), "/conda/alice", "noarch")
    verify(node)


def test_a_slow_s3_makes_uploads_slow(node, proxy, tmp_path):
    proxy.delay(0.3)
    upload = published(node, tmp_path, "slow")
    proxy.heal()
    assert download(node, upload).expect(200).body == upload.data


@pytest.mark.slow
def test_s3_comes_and_goes_under_load(node, proxy, tmp_path):
    with Load(lambda: node, node.token, tmp_path / "packages") as load:
        load.wait_for(5)
        for trouble in ("refused", "503", "cut"):
            TROUBLE[trouble](proxy)
            idle(2)
            proxy.heal()
            load.wait_for(5)
    for answers in (load.answers, load.reads):
        assert not answers.wrong, answers.wrong[:5]
        assert not answers.broken, answers.broken[:5]
        assert answers.slowest < PATIENCE
    listed = channel.listed(node.client(), "/conda/alice", "noarch")
    assert {path.name for path in load.acknowledged} <= set(listed)
    verify(node)


@pytest.mark.parametrize("size", [COPIED, STREAMED], ids=["copied", "streamed"])
def test_bodies_that_s3_cuts_short_arrive_whole(node, other, proxy, tmp_path, size):
    upload = published(node, tmp_path, "long", size)
    for after in (0, 100_000, COPIED // 2):
        proxy.cut(after, times=2, methods=("GET",))
        body = download(other, upload).expect(200).body
        assert hashlib.sha256(body).hexdigest() == upload.package.sha256, f"cut after {after}"
    proxy.answer(503, times=2, methods=("GET",))
    assert download(other, upload).expect(200).body == upload.data


@pytest.mark.slow
def test_a_download_in_the_middle_of_which_s3_goes_ends_short_never_wrong(
        node, other, proxy, tmp_path):
    upload = published(node, tmp_path, "long", STREAMED)
    connection = http.client.HTTPConnection("127.0.0.1", Client(other.url).port, timeout=90)
    connection.request("GET", f"/conda/alice/noarch/{upload.package.filename}")
    answer = connection.getresponse()
    assert answer.status == 200 and int(answer.headers["Content-Length"]) == len(upload.data)
    first = answer.read(2 << 20)
    proxy.refuse()
    start, rest = time.monotonic(), b""
    with pytest.raises((http.client.IncompleteRead, ConnectionError)):
        while more := answer.read(1 << 20):
            rest += more
        raise http.client.IncompleteRead(rest) if len(first + rest) < len(upload.data) else (
            AssertionError("all of it came, from where?"))
    assert time.monotonic() - start < 90
    assert upload.data.startswith(first + rest), "wrong bytes"
    connection.close()
    proxy.heal()
    # As clients do: the rest is asked for.
    got = len(first + rest)
    more = other.client().request("GET", f"/conda/alice/noarch/{upload.package.filename}",
                                  headers={"Range": f"bytes={got}-"}).expect(206)
    assert first + rest + more.body == upload.data


@pytest.mark.slow
def test_what_has_no_copy_is_503_without_s3(node, other, proxy, tmp_path):
    upload = published(node, tmp_path, "far", COPIED)
    proxy.refuse()
    start = time.monotonic()
    answer = download(other, upload).expect(503)
    assert answer.header("Retry-After") and time.monotonic() - start < PATIENCE
    assert download(node, upload).expect(200).body == upload.data
    proxy.heal()
    assert download(other, upload).expect(200).body == upload.data


def test_ranges_of_streamed_packages_are_exact(node, other, tmp_path):
    upload = published(node, tmp_path, "ranged", STREAMED)
    size, dice = len(upload.data), random.Random(7)
    target = f"/conda/alice/noarch/{upload.package.filename}"
    client = other.client()
    edges = [(0, 0), (0, 99), (size - 1, size - 1), ((1 << 20) - 1, 1 << 20),
             (1 << 20, (1 << 20) + 5)]
    for first, last in edges + [sorted(dice.sample(range(size), 2)) for _ in range(10)]:
        answer = client.request("GET", target, headers={"Range": f"bytes={first}-{last}"})
        answer.expect(206)
        assert answer.header("Content-Range") == f"bytes {first}-{last}/{size}"
        assert answer.body == upload.data[first:last + 1]
    answer = client.request("GET", target, headers={"Range": f"bytes={size - 100}-"}).expect(206)
    assert answer.body == upload.data[-100:]
    head = client.head(target).expect(200)
    assert int(head.header("Content-Length")) == size


def test_verify_finds_what_is_lost_or_damaged_in_s3(node, place, tmp_path):
    lost, damaged = published(node, tmp_path, "lost"), published(node, tmp_path, "damaged")
    cut = published(node, tmp_path, "cut")
    bucket = stores.bucketeer()
    bucket.remove(stores.BUCKET, place.key_of(lost.package.sha256))
    bucket.put(stores.BUCKET, place.key_of(damaged.package.sha256), damaged.data[:-1] + b"?")
    bucket.put(stores.BUCKET, place.key_of(cut.package.sha256), cut.data[:-1])
    done = node.command("verify", check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    for kind, name in (("missing", "lost"), ("damaged", "damaged"), ("size", "cut")):
        assert any(line.startswith(kind) and f"{name}-1.0-0" in line
                   for line in done.stdout.splitlines()), f"{kind}: {done.stdout}"
    quick = node.command("verify", "--quick", check=False)
    assert quick.returncode == 1
    assert "lost-1.0-0" in quick.stdout and "damaged-1.0-0" not in quick.stdout


def test_damaged_bytes_are_not_served(node, new_node, place, tmp_path):
    """By a node that has to fetch them first. (What is sent while it is read is compared by the
    client alone.)"""
    upload = published(node, tmp_path, "damaged", 1 << 20)
    stores.bucketeer().put(stores.BUCKET, place.key_of(upload.package.sha256),
                           upload.data[:-1] + b"?")
    assert download(new_node().start(), upload).status == 500
    assert download(node, upload).expect(200).body == upload.data   # it has a copy


@pytest.mark.parametrize("change, told", [
    ({"TERRARIUM_S3_SECRET": "x" * 20}, "credential|denied|signature|refuse"),
    ({"TERRARIUM_S3_KEY_ID": "NOBODY"}, "credential|denied|key|refuse"),
    ({"TERRARIUM_BLOBS": "s3://no-such-bucket-here/x"}, "bucket"),
    ({"TERRARIUM_S3_ENDPOINT": "http://127.0.0.1:9"}, "S3|s3|connect|reach")])
def test_a_node_with_wrong_settings_of_s3_does_not_start_and_says_why(
        tmp_path, place, change, told):
    import re
    node = Server(tmp_path / "node", place=place, env=change)
    node.start(wait=False)
    assert node.process.wait(PATIENCE) != 0
    assert re.search(told, node.log(), re.IGNORECASE), node.log()
    node.check_log()
