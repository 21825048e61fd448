"""Badges: well-formed pictures that say what the package is, to those who see it."""
import datetime
import xml.etree.ElementTree as ElementTree

import pytest

from support import packages
from support.publish import Upload

SVG = "{http://www.w3.org/2000/svg}"
BADGES = ["version", "latest-release-date", "latest-release-relative-date", "platforms", "license",
          "downloads"]


@pytest.fixture(scope="module")
def published(server, token, tmp_path_factory):
    """alice/tool, in two subdirs."""
    folder = tmp_path_factory.mktemp("badges")
    client = server.client(token=token("alice"))
    for version, subdir in (("1.9", "noarch"), ("1.10", "linux-64")):
        path = packages.make(folder, packages.index_of("tool", version, subdir=subdir, **(
            {} if subdir == "noarch" else {"noarch": None})),
                             about={"license": "BSD-3-Clause", "summary": "s"})
        Upload(client, "alice", packages.describe(path, subdir)).run()
    return client


def read(answer):
    """(label, value) of a badge, which must be drawn as all of them are."""
    assert answer.header("Content-Type") == "image/svg+xml"
    root = ElementTree.fromstring(answer.body)
    assert root.tag == SVG + "svg" and root.get("role") == "img"
    title = root.find(SVG + "title").text
    label, value = (it.text or "" for it in root.iter(SVG + "text"))
    assert root.get("aria-label") == title == f"{label}: {value}"
    assert {it.tag.removeprefix(SVG) for it in root.iter()} == {"svg", "title", "path", "g", "text"}
    width, right = int(root.get("width")), 0.0
    for it in root.iter(SVG + "text"):
        assert float(it.get("x")) >= right + 6, "a text stands on another"
        right = float(it.get("x")) + float(it.get("textLength"))
    assert right + 6 <= width < right + 8, "the box is not as wide as its text"
    return label, value


def badge(client, name, package="alice/tool", status=200):
    return client.get(f"/badges/{package}/{name}.svg").expect(status)


def test_each_says_what_it_is_named_after(published, anonymous):
    today = datetime.datetime.now(datetime.timezone.utc).date()
    dates = {str(today), str(today - datetime.timedelta(1))}
    found = {name: read(badge(anonymous, name)) for name in BADGES}
    label, date = found.pop("latest-release-date")
    assert label == "latest release" and date in dates
    label, date = found.pop("latest-release-relative-date")
    assert label == "latest release" and date in {"today", "yesterday"}
    assert found == {"version": ("version", "1.10"), "license": ("license", "BSD-3-Clause"),
                     "platforms": ("platforms", "linux-64 | noarch"),
                     "downloads": ("downloads", "0")}


def test_the_words_of_a_package_are_no_markup(published, server, token, anonymous):
    hostile = '<script>alert("x")</script>&amp;\u202e\u0007 \U0001f600' + "y" * 200
    client = server.client(token=token("alice"))
    client.post("/api/package/alice/hostile",
                {"public_attrs": {"license": {"name": hostile}}}).expect(200)
    answer = badge(anonymous, "license", "alice/hostile")
    label, value = read(answer)
    assert label == "license"
    assert value == '<script>alert("x")</script>&amp;?? \U0001f600' + "y" * 23 + "..."
    assert b"<script" not in answer.body
    assert "sandbox" in answer.header("Content-Security-Policy")


def test_a_badge_is_asked_for_again_by_its_tag(published, anonymous):
    first = badge(anonymous, "version")
    assert first.header("Cache-Control") == "public, max-age=300"
    again = anonymous.get("/badges/alice/tool/version.svg", if_none_match=first.etag)
    assert again.status == 304 and again.body == b""
    assert badge(anonymous, "license").etag != first.etag
    assert anonymous.head("/badges/alice/tool/version.svg").expect(200).etag == first.etag


def test_a_new_version_is_in_the_next_answer(published, anonymous, tmp_path):
    path = packages.make_tiny(tmp_path, "fresh", "1.0")
    Upload(published, "alice", packages.describe(path)).run()
    assert read(badge(anonymous, "version", "alice/fresh")) == ("version", "1.0")
    path = packages.make_tiny(tmp_path, "fresh", "2.0")
    Upload(published, "alice", packages.describe(path)).run()
    assert read(badge(anonymous, "version", "alice/fresh")) == ("version", "2.0")


def test_a_private_package_has_badges_for_those_who_see_it(published, server, token, account,
                                                          anonymous):
    published.post("/api/package/alice/hidden", {"access": "private"}).expect(200)
    weak = account("alice").token("badge", scopes=["conda:download"])
    for name in BADGES:
        for client in (anonymous, server.client(token=token("bob"))):
            refused = badge(client, name, "alice/hidden", 404)
            absent = badge(client, name, "alice/absent", 404)
            assert refused.json()["error"].replace("hidden", "absent") == absent.json()["error"]
        read(badge(server.client(token=weak), name, "alice/hidden"))
        shown = anonymous.get(f"/t/{weak}/badges/alice/hidden/{name}.svg").expect(200)
        assert shown.header("Cache-Control") == "private, no-cache"
        read(shown)
    account("alice").by_session().delete("/api/authentications/name/badge").expect(201)
    anonymous.get(f"/t/{weak}/badges/alice/hidden/version.svg").expect(401)


def test_there_are_no_others(published, anonymous):
    for name in ("stars.svg", "version", "version.png", "VERSION.svg", "version.svg/x", ""):
        anonymous.get(f"/badges/alice/tool/{name}").expect(404)
    anonymous.get("/badges/nobody/tool/version.svg").expect(404)
