"""PUT into a CRAN-like repository: the package is at the address that it was put to."""
import gzip
import hashlib

import pytest

from conftest import make_account
from support import cran, secrets
from support.curl import Curl
from support.publish import Refused

SOURCES = "src/contrib"
WINDOWS = "bin/windows/contrib/4.2"
LINUX = "bin/linux/4.2-jammy/contrib/4.2"
MAC = "bin/macosx/big-sur-arm64/contrib/4.2"


@pytest.fixture(scope="module")
def alice(account):
    return account("alice").by_token()


def put(client, place, data, owner="alice", query="", **headers):
    return client.request("PUT", f"/cran/{owner}/{place}{query}", body=data, headers=headers)


def binary(name, version="1.0", r="4.2.1", platform=""):
    """A binary package in a tar, of which only the DESCRIPTION is real."""
    return cran.source(name, version, Built=f"R {r}; {platform}; 2022-01-01 00:00:00 UTC; unix")


# --- where it is then -------------------------------------------------------------------------

def test_a_source_is_there_at_once(alice, anonymous):
    place, data = f"/cran/alice/{SOURCES}/first_1.0.tar.gz", cran.source("first")
    anonymous.get(place).expect(404)
    made = put(alice, f"{SOURCES}/first_1.0.tar.gz", data).expect(201).json()
    assert made["full_name"] == "alice/first/1.0/first_1.0.tar.gz" and made["type"] == "r"
    assert made["labels"] == ["main"] and made["download_url"].endswith(place)
    assert made["sha256"] == hashlib.sha256(data).hexdigest()
    head = anonymous.head(place).expect(200)
    assert head.header("Content-Length") == str(len(data))
    assert anonymous.get(place).expect(200).body == data
    assert cran.listed(anonymous, "/cran/alice")["first"] == "1.0"
    put(alice, f"{SOURCES}/first_1.1.tar.gz", cran.source("first", "1.1")).expect(201)
    assert cran.listed(anonymous, "/cran/alice")["first"] == "1.1"
    assert anonymous.get(f"/cran/alice/{SOURCES}/Archive/first/first_1.0.tar.gz").body == data


def test_binaries_are_put_into_their_trees(alice, anonymous):
    for tree, filename, data in (
            (WINDOWS, "bin1_1.0.zip", cran.windows("bin1")),
            ("bin/windows/contrib/4.3", "bin1_1.0.zip", cran.windows("bin1", r="4.3.0")),
            (MAC, "bin1_1.0.tgz", binary("bin1", platform="aarch64-apple-darwin20")),
            ("bin/macosx/contrib/4.2", "bin1_1.0.tgz", binary("bin1")),
            (LINUX, "bin1_1.0_R_x86_64-pc-linux-gnu.tar.gz", binary("bin1"))):
        made = put(alice, f"{tree}/{filename}", data).expect(201).json()
        assert made["basename"] == f"{tree}/{filename}"
        assert anonymous.get(f"/cran/alice/{tree}/{filename}").expect(200).body == data
        assert cran.listed(anonymous, "/cran/alice", tree) == {"bin1": "1.0"}
    assert "bin1" not in cran.listed(anonymous, "/cran/alice")


def test_a_label_may_stand_in_the_path(alice, anonymous):
    data = cran.source("staged")
    for label in ("dev", "dev/src/bin"):
        place = f"label/{label}/{SOURCES}/staged_1.0.tar.gz"
        made = put(alice, place, data)
        assert label in made.expect(201, 200).json()["labels"] and made.status in (201, 200)
        assert anonymous.get(f"/cran/alice/{place}").expect(200).body == data
    assert made.status == 200 and made.json()["labels"] == ["dev", "dev/src/bin"]
    assert "staged" not in cran.listed(anonymous, "/cran/alice")
    made = put(alice, f"label/Dev/{WINDOWS}/staged_1.0.zip", cran.windows("staged"),
               query="?label=rc").expect(201).json()
    assert made["labels"] == ["dev", "rc"]
    assert cran.listed(anonymous, "/cran/alice/label/rc", WINDOWS) == {"staged": "1.0"}


# --- what is refused --------------------------------------------------------------------------

@pytest.mark.parametrize("place, says", [
    (f"{SOURCES}/wrong_1.0.zip", f'"wrong_1.0.zip" does not belong in {SOURCES}, which has files '
                                 'Package_Version.tar.gz; its place is bin/windows/contrib/X.Y'),
    (f"{SOURCES}/wrong_1.0_R_x86_64-pc-linux-gnu.tar.gz",
     "its place is bin/linux/DISTRIBUTION/contrib/X.Y"),
    (f"{WINDOWS}/wrong_1.0.tar.gz", "its place is src/contrib"),
    (f"{WINDOWS}/wrong_1.0.tgz", "its place is bin/macosx/FLAVOUR/contrib/X.Y"),
    (f"{MAC}/wrong_1.0.zip", "its place is bin/windows/contrib/X.Y"),
    (f"{SOURCES}/wrong-1.0.tar.gz", "is not Package_Version.tar.gz"),
    (f"{SOURCES}/wrong_1.tar.gz", 'version "1"'),
    (f"{SOURCES}/wrong.rds", "ends in none of"),
    (f"{SOURCES}/", "ends in none of"),
    (f"{SOURCES}/PACKAGES", '"PACKAGES" is made here'),
    (f"{SOURCES}/PACKAGES.rds", '"PACKAGES.rds" is made here'),
    (f"{SOURCES}/Meta/archive.rds", '"Meta/archive.rds" is made here'),
    ("web/packages/packages.rds", "is made here, of the packages in src/contrib"),
    (f"{SOURCES}/Archive/wrong/wrong_1.0.tar.gz",
     f"older versions are put to the same place as newer ones, {SOURCES}/wrong_1.0.tar.gz"),
])
def test_what_does_not_belong_there_is_told_where_it_does(alice, place, says):
    answer = put(alice, place, cran.source("wrong")).expect(400)
    assert says in answer.error
    alice.get("/api/package/alice/wrong").expect(404)


@pytest.mark.parametrize("place, right", [
    ("wrong_1.0.tar.gz", "src/contrib/wrong_1.0.tar.gz"),
    ("src/wrong_1.0.tar.gz", "src/contrib/wrong_1.0.tar.gz"),
    ("bin/windows/contrib/wrong_1.0.zip", "bin/windows/contrib/X.Y/wrong_1.0.zip"),
    ("labels/dev/src/contrib/wrong_1.0.tar.gz", "src/contrib/wrong_1.0.tar.gz"),
    ("label/t/src/contrib/wrong_1.0.tar.gz", "src/contrib/wrong_1.0.tar.gz"),
    (f"{SOURCES}/Archive/other/wrong_1.0.tar.gz", "src/contrib/wrong_1.0.tar.gz"),
])
def test_other_addresses_are_no_places(alice, place, right):
    answer = put(alice, place, cran.source("wrong")).expect(404)
    assert f"is put to {right}" in answer.error
    alice.get("/api/package/alice/wrong").expect(404)


def test_the_package_must_be_what_its_place_says(alice, anonymous):
    for place, data, says in (
            ("bin/windows/contrib/4.3/kind_1.0.zip", cran.windows("kind"),
             f"built with R 4.2, but bin/windows/contrib/4.3 is for R 4.3; it belongs in {WINDOWS}"),
            ("bin/macosx/contrib/4.4/kind_1.0.tgz",
             binary("kind", r="4.3.1", platform="x86_64-apple-darwin20"),
             "it belongs in bin/macosx/big-sur-x86_64/contrib/4.3"),
            ("bin/linux/4.3-jammy/contrib/4.3/kind_1.0.tar.gz", binary("kind"),
             "built with R 4.2, but bin/linux/4.3-jammy/contrib/4.3 is for R 4.3"),
            (f"{LINUX}/kind_1.0.tar.gz", cran.source("kind"), "it belongs in src/contrib"),
            (f"{SOURCES}/kind_1.0.tar.gz", binary("kind"),
             "src/contrib is for sources; binaries go into bin/SYSTEM/contrib/X.Y"),
            (f"{SOURCES}/kind_1.1.tar.gz", cran.source("kind"),
             'Version is "1.0", but the file name says "1.1"'),
            (f"{SOURCES}/kind_1.0.tar.gz", b"no package", "gzip"),
            (f"{SOURCES}/kind_1.0.tar.gz", b"", "gzip")):
        answer = put(alice, place, data).expect(400)
        assert says in answer.error and answer.json()["field"] == "file"
        anonymous.get(f"/cran/alice/{place}").expect(404)
    alice.get("/api/package/alice/kind").expect(404)


def test_what_is_said_besides_must_be_known(alice):
    place, data = f"{SOURCES}/spoken_1.0.tar.gz", cran.source("spoken")
    assert '"labl" is not known' in put(alice, place, data, query="?labl=dev").expect(422).error
    assert put(alice, place, data, query="?type=file").expect(422).json()["field"] == "type"
    wrong = "0" * 64
    for answer in (put(alice, place, data, query=f"?sha256={wrong}"),
                   put(alice, place, data, **{"X-Checksum-Sha256": wrong})):
        assert f"sha256 was declared as {wrong}" in answer.expect(400).error
    put(alice, place, b"", **{"X-Checksum-Deploy": "true"}).expect(404)
    alice.get("/api/package/alice/spoken").expect(404)
    put(alice, place, data, query="?access=private",
        **{"X-Checksum-Sha256": hashlib.sha256(data).hexdigest()}).expect(201)
    assert alice.get("/api/package/alice/spoken").expect(200).json()["access"] == "private"


# --- the same name again ----------------------------------------------------------------------

def test_the_same_bytes_succeed_and_others_are_refused_unless_forced(alice, anonymous):
    place, data = f"{SOURCES}/again_1.0.tar.gz", cran.source("again")
    other = cran.source("again", Title="Other")
    put(alice, place, data).expect(201)
    assert put(alice, place, data).expect(200).json()["sha256"] == hashlib.sha256(data).hexdigest()
    assert "exists already, with other content" in put(alice, place, other).expect(409).error
    assert anonymous.get(f"/cran/alice/{place}").expect(200).body == data
    put(alice, place, other, query="?force=true").expect(201)
    assert anonymous.get(f"/cran/alice/{place}").expect(200).body == other
    text = anonymous.get(f"/cran/alice/{SOURCES}/PACKAGES").expect(200).text
    assert cran.records(text)["again"]["MD5sum"] == hashlib.md5(other).hexdigest()


@pytest.mark.parametrize("filename, tree, made", [
    ("both1_1.0.tar.gz", SOURCES, cran.source("both1")),
    ("both2_1.0.zip", WINDOWS, cran.windows("both2")),
])
def test_it_is_the_same_file_that_anaconda_client_sent(alice, filename, tree, made):
    """Which names it without its tree: the name that it had first stays."""
    cran.publish(alice, "alice", filename, made)
    again = put(alice, f"{tree}/{filename}", made).expect(200).json()
    assert again["basename"] == filename
    other = cran.source("both1", Title="x") if tree == SOURCES else cran.windows("both2", Title="x")
    answer = put(alice, f"{tree}/{filename}", other).expect(409)
    assert "exists already, with other content" in answer.error
    forced = put(alice, f"{tree}/{filename}", other, query="?force=1").expect(201).json()
    assert forced["basename"] == filename


def test_what_was_put_is_there_for_anaconda_client(alice):
    data = cran.source("sent")
    put(alice, f"{SOURCES}/sent_1.0.tar.gz", data).expect(201)
    cran.publish(alice, "alice", "sent_1.0.tar.gz", data)
    with pytest.raises(Refused) as refusal:
        cran.publish(alice, "alice", "sent_1.0.tar.gz", cran.source("sent", Title="Other"))
    assert refusal.value.answer.status == 409


# --- who may ----------------------------------------------------------------------------------

def test_a_token_may_be_shown_in_every_way(server, account, anonymous):
    token, data = account("alice").token("ways"), cran.source("ways")
    put(anonymous, f"{SOURCES}/ways_1.0.tar.gz", data).expect(401)
    for number, (client, base) in enumerate((
            (server.client(token=token), "/cran/alice"),
            (server.client(bearer=token), "/cran/alice"),
            (server.client(basic=("alice", token)), "/cran/alice"),
            (server.client(basic=(token, "")), "/cran/alice"),
            (anonymous, f"/t/{token}/cran/alice"), (anonymous, f"/cran/t/{token}/alice"))):
        path = f"{base}/{SOURCES}/ways_1.{number}.tar.gz"
        client.request("PUT", path, body=cran.source("ways", f"1.{number}")).expect(201)
    put(anonymous, f"{SOURCES}/ways_2.0.tar.gz", cran.source("ways", "2.0"),
        **{"X-JFrog-Art-Api": token}).expect(201)
    unknown = secrets.remember("tr-" + "A" * 46)
    anonymous.request("PUT", f"/t/{unknown}/cran/alice/{SOURCES}/ways_3.0.tar.gz",
                      body=cran.source("ways", "3.0")).expect(401)
    assert cran.listed(anonymous, "/cran/alice")["ways"] == "2.0"
    assert token[3:20] not in server.log_path.read_text()


def test_a_token_for_installing_does_not_publish(account, anonymous):
    """Not even one that is in the address that R was told."""
    token = account("alice").token("installs", scopes=["cran"])
    answer = anonymous.request("PUT", f"/t/{token}/cran/alice/{SOURCES}/held_1.0.tar.gz",
                               body=cran.source("held"))
    assert "scope" in answer.expect(403).error
    anonymous.get(f"/cran/alice/{SOURCES}/held_1.0.tar.gz").expect(404)


def test_limited_tokens_publish_what_they_are_for(account, alice):
    put(alice, f"{SOURCES}/mine_1.0.tar.gz", cran.source("mine")).expect(201)
    limits = {"packages": ["alice/mine"], "labels": ["dev"]}
    client = account("alice").by_token("ci", scopes=["cran:upload"], limits=limits)
    second = cran.source("mine", "2.0")
    assert "label" in put(client, f"{SOURCES}/mine_2.0.tar.gz", second).expect(403).error
    put(client, f"label/dev/{SOURCES}/mine_2.0.tar.gz", second).expect(201)
    put(client, f"label/dev/{SOURCES}/other_1.0.tar.gz", cran.source("other")).expect(403)


def test_nobody_is_told_what_is_there(account, alice):
    bob = account("bob").by_token("bob")
    put(alice, f"{SOURCES}/hidden_1.0.tar.gz", cran.source("hidden"),
        query="?access=private").expect(201)
    for name in ("hidden", "unknown"):
        answer = put(bob, f"{SOURCES}/{name}_1.0.tar.gz", cran.source(name)).expect(403)
        assert answer.error == f'"bob" may not publish or change "alice/{name}"'
    put(bob, f"{SOURCES}/x1_1.0.tar.gz", cran.source("x1"), owner="nobody").expect(403)


def test_what_was_put_and_refused_is_on_record(account, alice):
    bob = account("bob").by_token("log")
    put(alice, f"{SOURCES}/kept_1.0.tar.gz", cran.source("kept")).expect(201)
    put(bob, f"{SOURCES}/kept_1.1.tar.gz", cran.source("kept", "1.1")).expect(403)
    log = alice.get("/api/v1/security-log?action=file.create&limit=1").expect(200).json()
    assert log["events"][0]["object"] == "alice/kept/1.0/kept_1.0.tar.gz"
    log = alice.get("/api/v1/security-log?action=access.denied&limit=1").expect(200).json()
    assert log["events"][0]["actor"] == "bob" and "putCranFile" in log["events"][0]["detail"]


def test_quotas_and_limits_hold(new_server):
    small = new_server(env={"TERRARIUM_UPLOAD_MAX": "1M"}, options=["--quota", "900K"]).start()
    client = make_account(small, "alice").by_token()
    large = {size: cran.source("big1", files={"data/x": hashlib.shake_256(b"x").digest(size)})
             for size in (1_200_000, 950_000)}
    place = f"{SOURCES}/big1_1.0.tar.gz"
    assert "larger than 1048576 bytes" in put(client, place, large[1_200_000]).expect(413).error
    assert "the quota of this account is 921600 bytes" in put(
        client, place, large[950_000]).expect(413).error
    client.get(f"/cran/alice/{place}").expect(404)
    put(client, place, cran.source("big1")).expect(201)


# --- curl -------------------------------------------------------------------------------------

def test_curl_puts_a_large_package(server, account, anonymous, tmp_path):
    """Of more than a megabyte, so that it asks first whether it may (Expect: 100-continue)."""
    token = account("alice").token("curl")
    path = tmp_path / "bulk_1.0.tar.gz"
    path.write_bytes(cran.source("bulk", files={"data/x": hashlib.shake_256(b"x").digest(1 << 21)}))
    url = f"{server.url}/cran/alice/{SOURCES}/"
    assert Curl(token)("-T", path, url)[0] == 201
    assert Curl(token, "-u", f"alice:{token}")("-T", path, url)[0] == 200
    status, body = Curl(token)("-T", path, f"{server.url}/cran/bob/{SOURCES}/")
    assert status == 403 and "may not publish" in body
    got = anonymous.get(f"/cran/alice/{SOURCES}/bulk_1.0.tar.gz").expect(200).body
    assert got == path.read_bytes()
    rds = anonymous.get(f"/cran/alice/{SOURCES}/PACKAGES.rds").expect(200).body
    assert b"bulk" in gzip.decompress(rds)


def test_rows_bytes_and_indexes_agree(server, alice):
    """As the server itself judges, of what the tests before have made."""
    put(alice, f"{SOURCES}/last_1.0.tar.gz", cran.source("last")).expect(201, 200)
    server.command("verify")
