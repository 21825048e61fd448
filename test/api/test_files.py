"""Files that are kept as they are, of every kind that has no index of its own."""
import hashlib

import pytest

from support.publish import Plain, Refused, Upload

KINDS = ("file", "installer", "project")


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


def upload(client, name, version, basename, data, kind="file", labels=()):
    it = Upload(client, "alice", Plain(name, version, basename), list(labels), data, kind)
    return it.run().json(), it


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_comes_back_as_it_was(alice, anonymous, server, kind):
    said, it = upload(alice, f"as-{kind}", "1.0", "data set (1).csv", b"a;b\n", kind)
    assert said["type"] == said["distribution_type"] == kind
    assert said["basename"] == "data set (1).csv"
    assert said["attrs"] == {}
    url = f"{server.url}/api/download/alice/as-{kind}/1.0/data%20set%20%281%29.csv"
    assert said["download_url"] == said["url"] == url
    answer = anonymous.get(url[len(server.url):]).expect(200)
    assert answer.body == b"a;b\n"
    assert answer.header("Content-Disposition") == 'attachment; filename="data set (1).csv"'
    assert answer.header("Content-Type") == "application/octet-stream"
    package = anonymous.get(f"/api/package/alice/as-{kind}").expect(200).json()
    assert package["package_types"] == [kind]
    assert package["conda_platforms"] == []
    assert package["latest_version"] == "1.0"
    assert [file["basename"] for file in package["files"]] == ["data set (1).csv"]


def test_names_of_other_scripts_are_saved_as_they_are(alice, anonymous, server):
    said, _ = upload(alice, "umlaut", "1", "Übersicht.txt", b"x")
    answer = anonymous.get(said["url"][len(server.url):]).expect(200)
    assert answer.header("Content-Disposition") == (
        "attachment; filename=\"__bersicht.txt\"; filename*=UTF-8''%C3%9Cbersicht.txt")


def test_each_release_has_names_of_its_own(alice):
    first, _ = upload(alice, "report", "2026.1", "report.pdf", b"one")
    second, _ = upload(alice, "report", "2026.2", "report.pdf", b"two")
    assert first["sha256"] == hashlib.sha256(b"one").hexdigest()
    assert second["sha256"] == hashlib.sha256(b"two").hexdigest()
    again, _ = upload(alice, "report", "2026.1", "report.pdf", b"one")
    assert again["upload_time"] == first["upload_time"]
    with pytest.raises(Refused) as refused:
        upload(alice, "report", "2026.1", "report.pdf", b"other")
    assert refused.value.answer.status == 409
    assert alice.get("/api/package/alice/report").json()["latest_version"] == "2026.2"


def test_capital_letters_make_no_other_package(alice, anonymous):
    upload(alice, "CamelCase", "1", "a.txt", b"a")
    upload(alice, "camelcase", "1", "b.txt", b"b")
    package = anonymous.get("/api/package/alice/CAMELCASE").expect(200).json()
    assert package["name"] == "CamelCase"
    assert [file["basename"] for file in package["files"]] == ["a.txt", "b.txt"]
    assert "camelcase" not in [p["name"] for p in anonymous.get("/api/packages/alice").json()]


def test_a_conda_package_is_named_by_its_package_to_the_letter(alice, tiny):
    from support import packages
    upload(alice, "Mixed", "1.0", "a.txt", b"a")
    it = Upload(alice, "alice", packages.describe(tiny("mixed", "1.0")))
    with pytest.raises(Refused) as refused:
        it.run()
    assert 'does not belong to package "Mixed"' in refused.value.answer.error


@pytest.mark.parametrize("name", [".hidden", "a%2523b", "a%22b", "%20a", "folder/a.txt", "a%5Cb"])
def test_names_that_mean_something_else_are_refused(alice, name):
    upload(alice, "strange", "1", "fine.txt", b"x")
    answer = alice.post(f"/api/stage/alice/strange/1/{name}", {"distribution_type": "file"})
    assert answer.expect(400, 404).error


def test_files_of_releases_are_in_no_channel(alice, anonymous):
    upload(alice, "unlisted", "1", "noarch.txt", b"x", labels=["only-files"])
    anonymous.get("/conda/alice/label/only-files/noarch/noarch.txt").expect(404)
    repodata = anonymous.get("/conda/alice/label/only-files/noarch/repodata.json").expect(200).json()
    assert repodata["packages"] == repodata["packages.conda"] == {}
    data = anonymous.get("/conda/alice/channeldata.json").expect(200).json()
    assert "unlisted" not in data["packages"]


def test_removed_files_are_gone(alice, anonymous):
    said, it = upload(alice, "gone", "1", "gone.txt", b"x")
    alice.delete("/api/dist" + it.dist_path).expect(200)
    anonymous.get("/api/dist" + it.dist_path).expect(404)
    anonymous.get(f"/api/download/alice/gone/1/gone.txt").expect(404)
    assert anonymous.get("/api/package/alice/gone").json()["files"] == []
