"""Large packages by a link to S3, where the administrator wants it so."""
import asyncio
import random
from urllib.parse import parse_qs, urlsplit

import pytest
import rattler

from conftest import make_account
from support import packages, secrets, stores
from support.http import Client
from support.publish import Upload
from support.wait import until

LARGE = 1 << 20
LINK_SECONDS = 2


@pytest.fixture(scope="module")
def place():
    it = stores.networked()
    yield it
    it.drop()


@pytest.fixture(scope="module")
def redirecting(tmp_path_factory, place):
    from support.server import Server
    server = Server(tmp_path_factory.mktemp("redirecting") / "data", place=place,
                    options=["--s3-delivery", "redirect", "--s3-link-seconds", str(LINK_SECONDS)])
    server.start()
    server.account = make_account(server, "alice")
    server.token = server.account.token()
    folder = tmp_path_factory.mktemp("packages")
    server.large = packages.make(folder, packages.index_of("large", depends=["small"]), {
        "share/large/payload": random.Random(1).randbytes(LARGE)})
    server.small = packages.make_tiny(folder, "small")
    for path in (server.large, server.small):
        Upload(server.client(token=server.token), "alice", packages.describe(path)).run()
    yield server
    server.finish()


def address(server, path):
    return f"/conda/alice/noarch/{path.name}"


def follow(location):
    """Without any credentials, as whoever has the link may."""
    parts = urlsplit(location)
    return Client(f"{parts.scheme}://{parts.netloc}").get(f"{parts.path}?{parts.query}")


def test_a_large_package_is_a_link_that_gives_its_bytes(redirecting):
    client = redirecting.client()
    for base in ("", f"/t/{redirecting.token}"):
        answer = client.get(base + address(redirecting, redirecting.large)).expect(302, 307)
        location = answer.header("Location")
        assert location.startswith(stores.bucketeer().endpoint + f"/{stores.BUCKET}/")
        assert parse_qs(urlsplit(location).query)["X-Amz-Expires"] == [str(LINK_SECONDS)]
        assert "no-store" in answer.header("Cache-Control")
        assert redirecting.token not in location and not secrets.found_in(location)
        body = follow(location).expect(200).body
        assert body == redirecting.large.read_bytes()
    head = client.head(address(redirecting, redirecting.large)).expect(302, 307)
    assert head.body == b""


def test_a_link_ends(redirecting):
    answer = redirecting.client().get(address(redirecting, redirecting.large)).expect(302, 307)
    until(lambda: follow(answer.header("Location")).status == 403, 15, "the end of the link")


def test_indexes_and_small_packages_are_no_links(redirecting):
    client = redirecting.client()
    assert client.get(address(redirecting, redirecting.small)).expect(
        200).body == redirecting.small.read_bytes()
    for name in ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst"):
        client.get(f"/conda/alice/noarch/{name}").expect(200)


def test_whoever_may_not_read_gets_no_link(redirecting):
    client = redirecting.client()
    unknown = "tr-" + "A" * 46
    answer = client.get(f"/t/{unknown}{address(redirecting, redirecting.large)}").expect(401)
    assert answer.header("Location") is None
    client.get("/conda/alice/noarch/absent-1.0-0.conda").expect(404)


def test_links_name_the_address_that_clients_reach(redirecting, place, tmp_path):
    from support.server import Server
    server = Server(tmp_path / "other", place=place, options=[
        "--s3-delivery", "redirect", "--s3-public-endpoint", "https://files.example.org"])
    server.start()
    answer = server.client().get(address(redirecting, redirecting.large)).expect(302, 307)
    assert answer.header("Location").startswith(f"https://files.example.org/{stores.BUCKET}/")
    server.finish()


@pytest.mark.parametrize("shards", [False, True], ids=["json", "shards"])
def test_rattler_installs_by_links(redirecting, tmp_path, shards):
    async def install():
        gateway = rattler.Gateway(
            cache_dir=tmp_path / "cache", client=rattler.Client(),
            default_config=rattler.SourceConfig(sharded_enabled=shards))
        records = await rattler.solve([rattler.Channel(f"{redirecting.url}/conda/alice")],
                                      ["large"], gateway=gateway, platforms=["noarch"],
                                      virtual_packages=[])
        await rattler.install(records, tmp_path / "prefix", cache_dir=tmp_path / "pkgs",
                              show_progress=False, execute_link_scripts=False)
    asyncio.run(install())
    payload = (tmp_path / "prefix/share/large/payload").read_bytes()
    assert payload == random.Random(1).randbytes(LARGE)
