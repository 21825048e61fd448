"""Packages, releases and files over the API that anaconda-client speaks."""
import hashlib
from datetime import datetime

import pytest

from support import channel, packages
from support.publish import Plain, Refused, Upload

TYPES = {"conda", "pypi", "r", "ipynb", "env", "file", "project", "installer"}


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


@pytest.fixture
def bob(server, token):
    return server.client(token=token("bob"))


def package_body(**changes):
    return {"public": True, "publish": False,
            "public_attrs": {"name": "x", "summary": "a summary", "package_types": ["conda"],
                             "license": {"name": "MIT", "url": None, "family": None}}, **changes}


# --- packages ---------------------------------------------------------------------------------


def test_a_package_is_made_and_shown(alice, anonymous):
    anonymous.get("/api/package/alice/made").expect(404)
    made = alice.post("/api/package/alice/made", package_body()).expect(200).json()
    assert set(made.get("package_types", [])) <= TYPES
    shown = anonymous.get("/api/package/alice/made").expect(200).json()
    assert shown["name"] == "made" and shown["summary"] == "a summary"
    assert shown["public"] is True and shown["owner"]["login"] == "alice"
    assert shown["package_types"] == [] or set(shown["package_types"]) <= TYPES
    assert shown["releases"] == [] and shown["files"] == []


@pytest.mark.parametrize("types", [[], [None], ["conda"], "absent", ["nonsense"], None])
def test_every_clients_package_types_are_understood(alice, types):
    body = package_body()
    if types == "absent":
        del body["public_attrs"]["package_types"]
    else:
        body["public_attrs"]["package_types"] = types
    name = f"types{abs(hash(str(types))) % 10000}"
    made = alice.post(f"/api/package/alice/{name}", body).expect(200).json()
    for value in (made, alice.get(f"/api/package/alice/{name}").json()):
        assert isinstance(value.get("package_types", []), list)
        assert set(value.get("package_types", [])) <= TYPES


def test_the_least_body_is_enough(alice):
    alice.post("/api/package/alice/least", {"public": True, "publish": False,
                                            "public_attrs": {}}).expect(200)
    assert alice.get("/api/package/alice/least").json()["summary"] in (None, "")


def test_making_a_package_again_never_harms_it(alice, publish, tiny):
    publish("alice", tiny("twice"))
    answer = alice.post("/api/package/alice/twice", package_body())
    answer.expect(200)
    assert len(alice.get("/api/package/alice/twice").json()["files"]) == 1


@pytest.mark.parametrize("name", ["my%20pkg", "..%2e", "UPPER", "a" * 65, "%C3%A4", "__glibc",
                                  "a@b", "a%0ab", "%3Cb%3E", "-a", "a--b!"])
def test_malformed_names_are_refused(alice, name):
    answer = alice.post(f"/api/package/alice/{name}", package_body()).expect(400, 422)
    assert isinstance(answer.error, str) and "\n" not in answer.error


def test_writing_needs_the_owner(bob, anonymous, account):
    account("alice")
    answer = anonymous.post("/api/package/alice/foreign", package_body()).expect(401)
    assert answer.error
    assert bob.post("/api/package/alice/foreign", package_body()).expect(403).error
    bob.post("/api/package/nobody/foreign", package_body()).expect(403, 404)


def test_a_package_is_removed_with_everything(alice, anonymous, publish, tiny):
    upload = publish("alice", tiny("doomed"))
    alice.delete("/api/package/alice/doomed").expect(201)
    anonymous.get("/api/package/alice/doomed").expect(404)
    anonymous.get("/api/release/alice/doomed/1.0").expect(404)
    anonymous.get("/api/dist" + upload.dist_path).expect(404)
    anonymous.get("/api/download" + upload.dist_path).expect(404)
    anonymous.get(f"/conda/alice/{upload.package.basename}").expect(404)
    assert upload.package.filename not in channel.listed(anonymous, "/conda/alice", "noarch")
    alice.delete("/api/package/alice/doomed").expect(404)


def test_removing_needs_the_owner(alice, bob, anonymous, publish, tiny):
    upload = publish("alice", tiny("kept"))
    for path in ("/api/package/alice/kept", "/api/release/alice/kept/1.0",
                 "/api/dist" + upload.dist_path):
        anonymous.delete(path).expect(401)
        bob.delete(path).expect(403)
    anonymous.get("/api/dist" + upload.dist_path).expect(200)


def test_the_packages_of_an_owner(anonymous, publish, tiny, account):
    account("lister")
    assert anonymous.get("/api/packages/lister").expect(200).json() == []
    publish("lister", tiny("one", "1.0"))
    publish("lister", tiny("one", "1.10"))
    publish("lister", tiny("one", "1.9"))
    publish("lister", tiny("two", subdir="linux-64", noarch=None))
    listed = {item["full_name"]: item for item in anonymous.get("/api/packages/lister").json()}
    assert set(listed) == {"lister/one", "lister/two"}
    one = listed["lister/one"]
    assert one["public"] is True and one["latest_version"] == "1.10"
    assert one["package_types"] == ["conda"] and one["conda_platforms"] == ["noarch"]
    assert listed["lister/two"]["conda_platforms"] == ["linux-64"]
    anonymous.get("/api/packages/nobody").expect(404)


def test_lists_are_filtered_as_asked(anonymous, publish, tiny, account):
    lister = account("sifter").by_token()
    publish("sifter", tiny("one"))
    publish("sifter", tiny("two", subdir="linux-64", noarch=None))
    Upload(lister, "sifter", Plain("three", "1", "three.txt"), data=b"x", kind="file").run()
    lister.post("/api/package/sifter/empty", {"access": "private"}).expect(200)
    lister.request("PUT", "/api/v1/packages/sifter/two/access",
                   json_body={"access": "authenticated"}).expect(204)
    everything = {"one", "two", "three", "empty"}
    for query, wanted in (
            ("", everything), ("type=", everything), ("package_type=conda", {"one", "two"}),
            ("type=file", {"three"}), ("package_type=file&package_type=conda", {"one", "two", "three"}),
            ("package_type=file%2Cconda", {"one", "two", "three"}), ("type=cran", set()),
            ("package_type=file&type=conda", set()), ("platform=linux-64", {"two"}),
            ("platform=noarch", {"one"}), ("platform=osx-64", set()), ("access=public", {"one", "three"}),
            ("access=private", {"empty"}), ("access=authenticated&type=conda", {"two"})):
        for path in ("/api/packages", "/api/packages/sifter"):
            listed = lister.get(f"{path}?{query}").expect(200).json()
            assert {it["name"] for it in listed} == wanted, (path, query)
        shown = {it["name"] for it in anonymous.get(f"/api/packages/sifter?{query}").expect(200).json()}
        assert shown == wanted & {"one", "three"}, query


@pytest.mark.parametrize("query, says", [
    ("type=tapestry", 'type "tapestry"'), ("package_type=conda&package_type=tapestry", '"tapestry"'),
    ("package_type=conda%2C", 'type ""'), ("access=secret", 'access "secret" is not'),
    ("platform=windows", 'subdir "windows" is neither'), ("type=conda&type=pypi", "type is given twice"),
    ("sort=name", '"sort" is no parameter of this address')])
def test_a_filter_that_is_wrong_is_named(anonymous, publish, tiny, account, query, says):
    account("refuser")
    answer = anonymous.get(f"/api/packages/refuser?{query}").expect(422)
    assert says in answer.detail


# --- releases ---------------------------------------------------------------------------------


def release_body(**changes):
    return {"requirements": [], "announce": None, "description": None, "version": "1.0",
            "home_page": None, "license": None, "icon": None, **changes}


def test_a_release_is_made_and_shown(alice, anonymous):
    alice.post("/api/package/alice/rel", package_body()).expect(200)
    anonymous.get("/api/release/alice/rel/1.0").expect(404)
    alice.post("/api/release/alice/rel/1.0", release_body(description="words")).expect(200).json()
    shown = anonymous.get("/api/release/alice/rel/1.0").expect(200).json()
    assert shown["version"] == "1.0" and shown["distributions"] == []
    assert isinstance(shown.get("public_attrs", {}), dict)
    assert [item["version"] for item in alice.get("/api/package/alice/rel").json()["releases"]] == [
        "1.0"]


def test_a_release_needs_its_package_and_its_owner(alice, bob, anonymous):
    alice.post("/api/release/alice/absent/1.0", release_body()).expect(404)
    alice.post("/api/package/alice/rel2", package_body()).expect(200)
    bob.post("/api/release/alice/rel2/1.0", release_body()).expect(403)
    anonymous.post("/api/release/alice/rel2/1.0", release_body()).expect(401)


@pytest.mark.parametrize("version", ["a%20b", "1.0/2", "%3Cb%3E", "1" * 129, "1.0%0a",
                                     "%C3%A9", "-"])
def test_malformed_versions_are_refused(alice, version):
    alice.post("/api/package/alice/vers", package_body())
    answer = alice.post(f"/api/release/alice/vers/{version}", release_body())
    answer.expect(400, 404, 422)
    assert answer.error


@pytest.mark.parametrize("version", ["1.0", "1!2.0", "1.0+cu118", "2024a", "1_2",
                                     "0.0.0.dev3+g1.x"])
def test_usual_versions_are_fine(alice, version):
    alice.post("/api/package/alice/vers", package_body())
    alice.post(f"/api/release/alice/vers/{version}", release_body(version=version)).expect(200)
    alice.get(f"/api/release/alice/vers/{version}").expect(200)


def test_a_release_is_removed_with_its_files(alice, anonymous, publish, tiny):
    publish("alice", tiny("remrel", "1.0"))
    publish("alice", tiny("remrel", "2.0"))
    alice.delete("/api/release/alice/remrel/1.0").expect(201)
    alice.delete("/api/release/alice/remrel/1.0").expect(404)
    files = channel.listed(anonymous, "/conda/alice", "noarch")
    assert "remrel-1.0-0.conda" not in files and "remrel-2.0-0.conda" in files
    assert len(alice.get("/api/package/alice/remrel").json()["files"]) == 1


# --- files ------------------------------------------------------------------------------------


def test_a_file_is_shown_with_what_clients_read(anonymous, publish, tiny):
    upload = publish("alice", tiny("shown", depends=["python >=3.8"]))
    shown = anonymous.get("/api/dist" + upload.dist_path).expect(200).json()
    assert shown["basename"] == "noarch/shown-1.0-0.conda"
    assert "description" in shown and isinstance(shown["attrs"], dict)
    assert shown["sha256"] == upload.package.sha256 and shown["md5"] == upload.package.md5
    assert shown["size"] == upload.package.size
    assert datetime.fromisoformat(shown["upload_time"]).tzinfo is not None
    assert shown["labels"] == ["main"]
    assert shown["full_name"] == "alice/shown/1.0/noarch/shown-1.0-0.conda"
    assert shown["attrs"]["depends"] == ["python >=3.8"]
    item, = anonymous.get("/api/package/alice/shown").json()["files"]
    assert item["basename"] == shown["basename"] and item["version"] == "1.0"
    assert item["type"] == "conda" and datetime.fromisoformat(item["upload_time"])
    release = anonymous.get("/api/release/alice/shown/1.0").json()
    assert [file["basename"] for file in release["distributions"]] == [shown["basename"]]


def test_facts_come_from_the_package_and_not_from_its_uploader(alice, anonymous, tiny):
    package = packages.describe(tiny("lied", depends=["real"]))
    package.index = {**package.index, "depends": ["faked"], "license": "faked", "md5": "0" * 32}
    upload = Upload(alice, "alice", package)
    upload.run()
    record = channel.listed(anonymous, "/conda/alice", "noarch")["lied-1.0-0.conda"]
    assert record["depends"] == ["real"] and record["license"] == "BSD-3-Clause"
    assert record["md5"] == package.md5
    assert anonymous.get("/api/dist" + upload.dist_path).json()["attrs"]["depends"] == ["real"]


def test_a_file_must_be_asked_for_under_its_own_package(anonymous, publish, tiny):
    """A child's id is checked against every parent in the URL."""
    publish("alice", tiny("parent", "1.0"))
    publish("alice", tiny("other", "1.0"))
    publish("bob", tiny("parent", "2.0"))
    for path in ("/api/dist/alice/other/1.0/noarch/parent-1.0-0.conda",
                 "/api/dist/alice/parent/2.0/noarch/parent-1.0-0.conda",
                 "/api/dist/bob/parent/1.0/noarch/parent-1.0-0.conda",
                 "/api/dist/bob/parent/2.0/noarch/parent-1.0-0.conda",
                 "/api/dist/alice/parent/1.0/linux-64/parent-1.0-0.conda",
                 "/api/dist/alice/parent/1.0/parent-1.0-0.conda"):
        anonymous.get(path).expect(404)
        anonymous.get(path.replace("dist", "download", 1)).expect(404)


def test_a_file_is_removed_alone(alice, anonymous, publish, tiny):
    publish("alice", tiny("solo", "1.0"))
    upload = publish("alice", tiny("solo", "1.0", "1"))
    removed = alice.delete("/api/dist" + upload.dist_path).expect(200).json()
    assert removed["basename"] == "noarch/solo-1.0-1.conda"
    alice.delete("/api/dist" + upload.dist_path).expect(404)
    anonymous.get("/api/dist" + upload.dist_path).expect(404)
    files = channel.listed(anonymous, "/conda/alice", "noarch")
    assert "solo-1.0-1.conda" not in files and "solo-1.0-0.conda" in files


def test_downloads_are_the_bytes(anonymous, publish, tiny):
    upload = publish("alice", tiny("bytes"))
    answer = anonymous.get("/api/download" + upload.dist_path, accept_encoding="gzip").expect(200)
    assert hashlib.sha256(answer.body).hexdigest() == upload.package.sha256
    assert answer.header("Content-Encoding") is None
    assert answer.header("Content-Length") == str(upload.package.size)
    same = anonymous.get("/conda/alice/" + upload.package.basename).expect(200)
    assert same.body == answer.body


def test_a_download_with_the_clients_odd_etag_header_is_304_or_200(anonymous, publish, tiny):
    upload = publish("alice", tiny("odd"))
    answer = anonymous.get("/api/download" + upload.dist_path, etag=upload.package.md5)
    answer.expect(200, 304)


def test_labels_of_an_owner(anonymous, publish, tiny, account):
    account("labeller")
    assert anonymous.get("/api/channels/labeller").expect(200).json() == {
        "main": {"is_locked": False}}
    publish("labeller", tiny("dev"), labels=["Dev"])
    labels = anonymous.get("/api/channels/labeller").json()
    assert set(labels) == {"main", "dev"}
    assert all(isinstance(value["is_locked"], bool) for value in labels.values())
    anonymous.get("/api/channels/nobody").expect(404)


def test_errors_are_one_line_objects(alice, anonymous):
    for answer in (anonymous.get("/api/user"), anonymous.get("/api/package/alice/none"),
                   alice.post("/api/stage/alice/none/1/noarch/none-1-0.conda", {}),
                   alice.post("/api/package/alice/%20", {}), anonymous.get("/api/nothing")):
        body = answer.json()
        assert answer.status >= 400 and isinstance(body, dict)
        assert isinstance(body["error"], str) and body["error"] and "\n" not in body["error"]


def test_unfinished_uploads_count_nowhere(alice, anonymous, tiny):
    upload = Upload(alice, "alice", packages.describe(tiny("pending")))
    upload.register()
    for step in (upload.stage, upload.send):
        step()
        assert alice.get("/api/package/alice/pending").json()["files"] == []
        assert alice.get("/api/release/alice/pending/1.0").json()["distributions"] == []
        alice.get("/api/dist" + upload.dist_path).expect(404)
        anonymous.get("/conda/alice/" + upload.package.basename).expect(404)
        assert upload.package.filename not in channel.listed(anonymous, "/conda/alice", "noarch")
    upload.commit()
    assert upload.package.filename in channel.listed(anonymous, "/conda/alice", "noarch")


def test_a_refused_upload_says_which_step(alice, tiny):
    package = packages.describe(tiny("wrongname"))
    package.subdir = "linux-64"
    upload = Upload(alice, "alice", package)
    with pytest.raises(Refused) as refused:
        upload.run()
    assert refused.value.answer.status in (400, 422)
