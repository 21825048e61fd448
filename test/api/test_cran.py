"""CRAN-like repositories by plain HTTP: what is where, for whom, and what may be put there."""
import gzip
import hashlib

import pytest

from support import cran, packages, secrets
from support.publish import Refused

TREE = "/cran/{}/src/contrib"
WINDOWS = "bin/windows/contrib/4.2"
UNKNOWN = "tr-" + "A" * 46


@pytest.fixture(scope="module")
def alice(account):
    return account("alice").by_token()


@pytest.fixture(scope="module")
def shelf(alice, account):
    """An account with two versions of one package, and another package; name_version -> bytes."""
    account("shelf")
    client = account("shelf").by_token()
    data = {}
    for name, version, fields in (("foo", "1.9", {}), ("foo", "1.10", {}),
                                  ("Bar", "0.1-2", {"Imports": "foo (>= 1.9),\n    stats"})):
        data[f"{name}_{version}"] = cran.source(name, version, **fields)
        cran.upload(client, "shelf", name, version, data[f"{name}_{version}"])
    return data


# --- indexes ----------------------------------------------------------------------------------

def test_the_newest_version_of_each_package_is_listed(anonymous, shelf):
    text = anonymous.get(TREE.format("shelf") + "/PACKAGES").expect(200).text
    md5 = {name: hashlib.md5(data).hexdigest() for name, data in shelf.items()}
    assert text == (
        f"Package: Bar\nVersion: 0.1-2\nImports: foo (>= 1.9), stats\nLicense: MIT\n"
        f"MD5sum: {md5['Bar_0.1-2']}\nNeedsCompilation: no\n\n"
        f"Package: foo\nVersion: 1.10\nLicense: MIT\nMD5sum: {md5['foo_1.10']}\n"
        f"NeedsCompilation: no\n")
    assert cran.listed(anonymous, "/cran/shelf") == {"Bar": "0.1-2", "foo": "1.10"}


def test_every_version_is_where_it_was_and_in_the_archive(anonymous, shelf):
    for stem, data in shelf.items():
        name = stem.split("_")[0]
        for path in (f"{stem}.tar.gz", f"Archive/{name}/{stem}.tar.gz"):
            answer = anonymous.get(f"{TREE.format('shelf')}/{path}").expect(200)
            assert answer.body == data and answer.header("Content-Encoding") is None
            assert answer.header("Content-Length") == str(len(data))
    tree = TREE.format("shelf")
    for path in ("Archive/bar/foo_1.9.tar.gz", "Archive/foo_1.9.tar.gz", "foo_1.8.tar.gz",
                 "Foo_1.9.tar.gz", "foo_1.9.zip", "Archive/foo/", "", "PACKAGES.xz", "Meta/x.rds"):
        anonymous.get(f"{tree}/{path}").expect(404)


def test_what_the_pages_of_cran_are_made_of_is_the_index(anonymous, shelf):
    for base in ("/cran/shelf", "/cran/shelf/label/main"):
        index = anonymous.get(f"{base}/src/contrib/PACKAGES.rds").expect(200)
        found = anonymous.get(f"{base}/web/packages/packages.rds").expect(200)
        assert found.body == index.body
        assert found.header("Cache-Control") == index.header("Cache-Control")
        head = anonymous.head(f"{base}/web/packages/packages.rds").expect(200)
        assert head.etag == found.etag
        anonymous.get(head.target, if_none_match=found.etag).expect(304)


def test_archived_versions_are_told_to_remotes(anonymous, shelf):
    archive = gzip.decompress(anonymous.get(TREE.format("shelf") + "/Meta/archive.rds").body)
    assert b"foo/foo_1.9.tar.gz" in archive and b"1.10" not in archive and b"Bar" not in archive
    current = gzip.decompress(anonymous.get(TREE.format("shelf") + "/Meta/current.rds").body)
    assert b"foo_1.10.tar.gz" in current and b"1.9" not in current


def test_every_plausible_tree_is_there_and_empty(anonymous, account):
    account("bare")
    for tree in ("src/contrib", WINDOWS, "bin/macosx/big-sur-arm64/contrib/4.5",
                 "bin/linux/4.2-jammy/contrib/4.2"):
        assert cran.listed(anonymous, "/cran/bare", tree) == {}
        rds = gzip.decompress(anonymous.get(f"/cran/bare/{tree}/PACKAGES.rds").expect(200).body)
        assert rds.startswith(b"X\n\0\0\0\2") and b"LinkingTo" in rds
    for tree in ("src", "src/contrib/4.2", "bin/windows/contrib", "bin/windows/contrib/x",
                 "bin/contrib/4.2", "__api__/status", "web/packages"):
        anonymous.get(f"/cran/bare/{tree}/PACKAGES").expect(404)
    anonymous.get("/cran/bare/__api__/status").expect(404)
    anonymous.get("/cran/nobody/src/contrib/PACKAGES").expect(404)


def test_clients_that_ask_again_are_told_that_nothing_changed(anonymous, shelf):
    for path, cache in (("PACKAGES.rds", "public, max-age=0, must-revalidate"),
                        ("PACKAGES.gz", "public, max-age=0, must-revalidate"),
                        ("foo_1.9.tar.gz", "public, max-age=3600")):
        answer = anonymous.get(f"{TREE.format('shelf')}/{path}").expect(200)
        assert answer.header("Cache-Control") == cache
        again = anonymous.get(f"{TREE.format('shelf')}/{path}", if_none_match=answer.etag)
        assert again.expect(304).body == b""
        head = anonymous.head(f"{TREE.format('shelf')}/{path}").expect(200)
        assert head.body == b"" and head.etag == answer.etag
        assert head.header("Content-Length") == str(len(answer.body))
        for coding in ("gzip", "zstd", "deflate, gzip, br, zstd"):
            coded = anonymous.get(f"{TREE.format('shelf')}/{path}", accept_encoding=coding)
            assert coded.body == answer.body and coded.header("Content-Encoding") is None


def test_errors_are_text_that_r_cannot_take_for_packages(anonymous, shelf):
    missing = anonymous.get(TREE.format("shelf") + "/none_1.0.tar.gz").expect(404)
    assert missing.header("Content-Type") == "text/plain; charset=utf-8"
    assert missing.text == 'Not Found\nthere is no "none_1.0.tar.gz" in src/contrib of "shelf"\n'
    unknown = anonymous.get(TREE.format("shelf") + "/PACKAGES", authorization=f"Bearer {UNKNOWN}")
    assert unknown.expect(401).text.splitlines()[0] == "Unauthorized"


def test_replacing_a_package_changes_all_indexes_together(anonymous, account):
    client = account("mover").by_token()
    tags = []
    for version in ("1.0", "2.0"):
        cran.upload(client, "mover", "foo", version, cran.source("foo", version))
        assert cran.listed(anonymous, "/cran/mover") == {"foo": version}
        rds = anonymous.get(TREE.format("mover") + "/PACKAGES.rds").expect(200)
        assert version.encode() in gzip.decompress(rds.body)
        tags.append(rds.etag)
    assert tags[0] != tags[1]
    client.delete("/api/dist/mover/foo/2.0/foo_2.0.tar.gz").expect(200)
    assert cran.listed(anonymous, "/cran/mover") == {"foo": "1.0"}
    anonymous.get(TREE.format("mover") + "/foo_2.0.tar.gz").expect(404)


def test_what_renv_asks_for_is_answered(anonymous, shelf):
    """Its requests, in their order: is it a package manager; the index; is it another server of
    packages; and an older version than the index has."""
    for path in ("/__api__/status", "/cran/__api__/status", "/cran/shelf/__api__/status"):
        anonymous.get(path).expect(404)
    anonymous.get(TREE.format("shelf") + "/PACKAGES.rds").expect(200)
    head = anonymous.head(TREE.format("shelf") + "/PACKAGES").expect(200)
    assert head.header("X-Artifactory-Id") is None
    assert "Nexus" not in (head.header("Server") or "")
    anonymous.get(TREE.format("shelf") + "/Archive/foo/foo_1.9.tar.gz").expect(200)


# --- labels and tokens ------------------------------------------------------------------------

def test_labels_are_repositories_of_their_own(anonymous, account):
    client = account("labels").by_token()
    cran.upload(client, "labels", "foo", "1.0", cran.source("foo"))
    cran.upload(client, "labels", "foo", "2.0", cran.source("foo", "2.0"), labels=["dev/src/bin"])
    base = "/cran/labels/label/dev/src/bin"
    assert cran.listed(anonymous, base) == {"foo": "2.0"}
    assert cran.listed(anonymous, "/cran/labels") == {"foo": "1.0"}
    assert cran.listed(anonymous, "/cran/labels/label/main") == {"foo": "1.0"}
    assert cran.listed(anonymous, "/cran/labels/label/DEV/src/bin") == {"foo": "2.0"}
    anonymous.get(f"{base}/src/contrib/foo_2.0.tar.gz").expect(200)
    anonymous.get(f"{base}/src/contrib/foo_1.0.tar.gz").expect(404)
    anonymous.get("/cran/labels/src/contrib/foo_2.0.tar.gz").expect(404)
    for path in ("label/none", "label", "labels/main", "label/dev", "main"):
        anonymous.get(f"/cran/labels/{path}/src/contrib/PACKAGES").expect(404)


def test_a_token_may_stand_in_the_path(anonymous, account, shelf):
    token = account("shelf").token("path")
    for base in (f"/t/{token}/cran/shelf", f"/cran/t/{token}/shelf"):
        assert cran.listed(anonymous, base)["foo"] == "1.10"
        assert cran.listed(anonymous, base + "/label/main")["foo"] == "1.10"
    secrets.remember(UNKNOWN[:-3])
    for base in (f"/t/{UNKNOWN}/cran/shelf", f"/cran/t/{UNKNOWN}/shelf"):
        anonymous.get(f"{base}/src/contrib/PACKAGES").expect(401)


def test_a_token_needs_the_scope(account, shelf):
    path = TREE.format("shelf") + "/PACKAGES"
    for scope, status in (("cran:download", 200), ("cran", 200), ("repos", 200),
                          ("conda:download", 403), ("cran:upload", 403), ("api:read", 403)):
        account("shelf").by_token(scope, scopes=[scope]).get(path).expect(status)


# --- who sees what ----------------------------------------------------------------------------

@pytest.fixture(scope="module")
def vault(account):
    """An organization with a package of each access, all in one repository."""
    client = account("vera").by_token()
    client.post("/api/v1/organizations", {"login": "vault"}).expect(201)
    for name, access in (("open", "public"), ("common", "authenticated"), ("secret", "private")):
        client.post(f"/api/package/vault/{name}", {"access": access}).expect(200)
        cran.upload(client, "vault", name, "1.0", cran.source(name))
        cran.upload(client, "vault", name, "1.1", cran.source(name, "1.1"))
    return client


@pytest.fixture(scope="module")
def guest(vault, account):
    """Somebody who was let in to the private package alone."""
    account("gast")
    vault.request("PUT", "/api/packages/vault/secret/collaborators/gast",
                  json_body={"permission": "read"}).expect(201)
    return account("gast").by_token()


def test_each_caller_sees_what_is_for_them(anonymous, account, vault, guest):
    stranger = account("fremd").by_token()
    everything = {"open", "common", "secret"}
    for client, seen in ((anonymous, {"open"}), (stranger, {"open", "common"}),
                         (vault, everything), (guest, everything)):
        assert set(cran.listed(client, "/cran/vault")) == seen
        for document in ("src/contrib/PACKAGES.rds", "src/contrib/Meta/archive.rds",
                         "src/contrib/Meta/current.rds", "web/packages/packages.rds"):
            data = gzip.decompress(client.get(f"/cran/vault/{document}").expect(200).body)
            assert {name for name in everything if name.encode() in data} == seen, document
        for name in everything:
            for path in (f"{name}_1.1.tar.gz", f"Archive/{name}/{name}_1.0.tar.gz"):
                for method in ("GET", "HEAD"):
                    answer = client.request(method, f"{TREE.format('vault')}/{path}")
                    assert answer.status == (200 if name in seen else 404), (method, path)


def test_what_is_hidden_is_answered_as_what_is_not_there(anonymous, vault):
    hidden = anonymous.get(TREE.format("vault") + "/secret_1.0.tar.gz").expect(404)
    absent = anonymous.get(TREE.format("vault") + "/sicret_1.0.tar.gz").expect(404)
    assert hidden.text.replace("secret", "sicret") == absent.text
    assert hidden.headers.keys() == absent.headers.keys()


def test_what_not_everybody_may_have_is_kept_by_no_shared_cache(vault):
    for path in ("PACKAGES.rds", "secret_1.0.tar.gz"):
        answer = vault.get(f"{TREE.format('vault')}/{path}").expect(200)
        assert "public" not in answer.header("Cache-Control")


def test_a_hidden_package_leaves_the_indexes_with_the_answer(anonymous, account):
    client = account("hider").by_token()
    cran.upload(client, "hider", "foo", "1.0", cran.source("foo"))
    cran.upload(client, "hider", "rest", "1.0", cran.source("rest"))
    client.request("PUT", "/api/v1/packages/hider/foo/access",
                   json_body={"access": "private"}).expect(204)
    assert set(cran.listed(anonymous, "/cran/hider")) == {"rest"}
    assert set(cran.listed(client, "/cran/hider")) == {"foo", "rest"}


# --- publishing -------------------------------------------------------------------------------

def test_what_was_published_is_told_by_the_api(anonymous, shelf):
    dist = anonymous.get("/api/dist/shelf/Bar/0.1-2/Bar_0.1-2.tar.gz").expect(200).json()
    assert dist["type"] == "r" and dist["attrs"]["type"] == "source"
    assert dist["download_url"].endswith("/cran/shelf/src/contrib/Bar_0.1-2.tar.gz")
    package = anonymous.get("/api/package/shelf/foo").expect(200).json()
    assert package["summary"] == "What foo does" and package["latest_version"] == "1.10"
    assert package["package_types"] == ["r"] and package["conda_platforms"] == []


def test_binaries_are_published_into_their_trees(anonymous, account):
    client = account("binaries").by_token()
    data = cran.windows("foo", Depends="R (>= 4.0)")
    cran.publish(client, "binaries", "foo_1.0.zip", data, WINDOWS)
    record = cran.records(
        anonymous.get(f"/cran/binaries/{WINDOWS}/PACKAGES").expect(200).text)["foo"]
    assert record == {"Package": "foo", "Version": "1.0", "Depends": "R (>= 4.0)",
                      "License": "MIT", "MD5sum": hashlib.md5(data).hexdigest(),
                      "Built": "R 4.2.1; ; 2022-01-01 00:00:00 UTC; windows"}
    assert anonymous.get(f"/cran/binaries/{WINDOWS}/foo_1.0.zip").expect(200).body == data
    anonymous.get(f"/cran/binaries/{WINDOWS}/Meta/archive.rds").expect(404)
    assert cran.listed(anonymous, "/cran/binaries") == {}
    for tree, why in (("bin/windows/contrib/4.3", "built with R 4.2"),
                      ("src/contrib", "does not belong in src/contrib"),
                      ("bin/macosx/contrib/4.2", "does not belong in bin/macosx")):
        with pytest.raises(Refused) as refusal:
            cran.publish(client, "binaries", "foo_1.0.zip", data, tree)
        assert refusal.value.answer.status == 400 and why in refusal.value.answer.error
    cran.publish(client, "binaries", "bar_1.0.zip", cran.windows("bar"))
    assert set(cran.listed(anonymous, "/cran/binaries", WINDOWS)) == {"foo", "bar"}


def test_the_same_bytes_again_succeed_and_others_conflict(account):
    client = account("again").by_token()
    cran.publish(client, "again", "foo_1.0.tar.gz", cran.source("foo"))
    cran.publish(client, "again", "foo_1.0.tar.gz", cran.source("foo"))
    for data, tree, why in ((cran.source("foo", Title="Other"), None, "with other content"),
                            (cran.source("foo"), "src/contrib", "under another name")):
        with pytest.raises(Refused) as refusal:
            cran.publish(client, "again", "foo_1.0.tar.gz", data, tree)
        assert refusal.value.answer.status == 409
        assert f"exists already, {why}" in refusal.value.answer.error


def test_rows_bytes_and_indexes_agree(server, shelf, vault):
    """As the server itself judges, of what the tests before have made."""
    server.command("verify")


# --- hostile packages -------------------------------------------------------------------------

def hostile_cases():
    """(path, what is expected) of each made package of R."""
    folder = packages.data_folder()
    if folder is None:
        return []
    made = folder / "hostile" / "made"
    rows = [row.split("\t") for row in (made / "CASES.tsv").read_text().splitlines()[1:]]
    return [(made / file, expected) for file, _, expected in rows if file.startswith("r/")]


@pytest.mark.skipif(not hostile_cases(), reason="the folder of real packages is absent")
def test_hostile_packages_are_refused_and_leave_nothing(anonymous, account):
    for path, expected in hostile_cases():
        login = "h" + "".join(filter(str.isalnum, path.parent.name))
        client = account(login).by_token()
        data, filename = path.read_bytes(), path.name
        if expected.startswith("reject"):
            with pytest.raises(Refused) as refusal:
                cran.upload(client, login, "evil", "1.0", data, filename)
            assert refusal.value.answer.status == 400 and refusal.value.answer.error, path
            assert cran.listed(anonymous, f"/cran/{login}") == {}
            anonymous.get(f"/cran/{login}/src/contrib/{filename}").expect(404)
        else:
            cran.publish(client, login, filename, data)
            text = anonymous.get(f"/cran/{login}/src/contrib/PACKAGES").expect(200).text
            assert list(cran.records(text)) == ["evil"], path
