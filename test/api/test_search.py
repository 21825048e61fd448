"""Search: what is found, in which order, by whom, and what does not get through."""
from urllib.parse import quote, urlencode

import pytest

from support import packages
from support.publish import Plain, Upload


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob")}


@pytest.fixture(scope="module")
def alice(people):
    return people["alice"].by_token()


def make(client, owner, name, summary="", keywords=None, access="public", **attrs):
    """A package without files."""
    attrs = {"summary": summary, **({"keywords": keywords} if keywords else {}), **attrs}
    client.post(f"/api/package/{owner}/{quote(name)}",
                {"access": access, "public_attrs": attrs}).expect(200)


def ask(client, q="", **more):
    query = {name: value for name, value in {"q": q, **more}.items() if value != ""}
    return client.get("/api/v1/search?" + urlencode(query)).expect(200).json()


def names(client, q="", **more):
    return [it["name"] for it in ask(client, q, **more)["items"]]


def full_names(client, q="", **more):
    return [it["full_name"] for it in ask(client, q, **more)["items"]]


@pytest.fixture(scope="module")
def shelf(people, alice):
    """An owner whose packages are made in this order."""
    for name, summary, keywords in (
            ("zarray", "an alternative to numpy", None),
            ("tensor", "tensors for all", ["numpy", "machine learning"]),
            ("fast-numpy", "", None),
            ("numpydoc", "", None),
            ("numpy-financial", "", None),
            ("numpy", "arrays", None),
            ("numpi", "pie charts", None),
            ("scikit-learn", "machine learning in Python", ["classification"]),
            ("scikit_image", "image processing", None),
            ("r-dplyr", "data frames", None), ("rust", "a compiler", None),
            ("libstdcxx", "the C++ standard library", None),
            ("groesse", "Maße und Größen, Ελληνικά, Привет, 数据分析", None)):
        make(alice, "alice", name, summary, keywords)
    return "alice"


# --- order ------------------------------------------------------------------------------------


def test_how_well_a_name_fits_comes_first(shelf, anonymous):
    found = ask(anonymous, "numpy")
    assert [(it["name"], it["match"]) for it in found["items"]] == [
        ("numpy", "exact"), ("numpy-financial", "beginning"), ("numpydoc", "beginning"),
        ("fast-numpy", "name"), ("numpi", "typo"), ("tensor", "keyword"), ("zarray", "text")]
    assert (found["total"], found["total_is_exact"], found["next"]) == (7, True, None)


def test_a_beginning_is_enough_and_case_is_nothing(shelf, anonymous):
    assert [(it["name"], it["match"]) for it in ask(anonymous, "SCIKIT")["items"]] == [
        ("scikit_image", "beginning"), ("scikit-learn", "beginning")]
    assert names(anonymous, "scikit-im") == names(anonymous, "SciKit Im") == ["scikit_image"]
    assert names(anonymous, "r-") == ["r-dplyr", "rust"]
    assert names(anonymous, "größen") == ["groesse"]


def test_a_typing_mistake_finds_what_was_meant(shelf, anonymous):
    for mistyped in ("dplry", "dpylr", "dplyyr"):
        assert [(it["name"], it["match"]) for it in ask(anonymous, mistyped)["items"]] == [
            ("r-dplyr", "typo")], mistyped
    assert ask(anonymous, "xylophone") == {
        "items": [], "total": 0, "total_is_exact": True, "next": None}


def test_pages_join_to_the_whole(shelf, anonymous):
    whole, found, after = names(anonymous, "numpy"), [], ""
    while after is not None:
        page = ask(anonymous, "numpy", limit=2, after=after)
        assert page["total"] == 7
        found += [it["name"] for it in page["items"]]
        after = page["next"]
    assert found == whole


def test_names_in_their_order(shelf, anonymous):
    assert names(anonymous, "numpy", sort="name") == [
        "fast-numpy", "numpy", "numpy-financial", "numpydoc", "tensor", "zarray"]


# --- filters ----------------------------------------------------------------------------------


def test_type_and_platform(alice, anonymous, tmp_path):
    tiny = packages.make_tiny(tmp_path, "sieve-conda", subdir="linux-64", noarch=None)
    Upload(alice, "alice", packages.describe(tiny)).run()
    Upload(alice, "alice", Plain("sieve-file", "1", "sieve.txt"), data=b"x", kind="file").run()
    assert sorted(names(anonymous, "sieve")) == ["sieve-conda", "sieve-file"]
    assert names(anonymous, "sieve", type="conda") == ["sieve-conda"]
    assert names(anonymous, "sieve", type="file") == ["sieve-file"]
    assert names(anonymous, "sieve", type="pypi") == []
    assert names(anonymous, "sieve", platform="linux-64") == ["sieve-conda"]
    assert names(anonymous, "sieve", platform="osx-64") == []
    for more, wanted in (("type=conda", ["sieve-conda"]), ("platform=linux-64", ["sieve-conda"]),
                         ("type=file&platform=linux-64", [])):
        found = anonymous.get(f"/api/search?name=sieve&{more}").expect(200).json()
        assert [it["name"] for it in found] == wanted
    found, = anonymous.get("/api/search?name=sieve&type=conda").expect(200).json()
    assert (found["full_name"], found["owner"], found["latest_version"], found["package_types"],
            found["conda_platforms"]) == (
        "alice/sieve-conda", {"login": "alice"}, "1.0", ["conda"], ["linux-64"])


@pytest.mark.parametrize("query, field", [
    ("type=tapestry", "type"), ("access=secret", "access"), ("sort=beauty", "sort"), ("limit=0", "limit"),
    ("limit=101", "limit"), ("after=there", "after"), ("license=---", "license")])
def test_what_cannot_be_understood_is_named(anonymous, query, field):
    answer = anonymous.get(f"/api/v1/search?{query}").expect(422)
    assert field in answer.detail and query.partition("=")[2] in answer.detail


# --- who sees what ----------------------------------------------------------------------------


def test_what_is_hidden_neither_comes_nor_counts(people, alice, anonymous):
    bob = people["bob"].by_token()
    make(alice, "alice", "veil-open", "veiled things")
    make(alice, "alice", "veil-members", "veiled things", access="authenticated")
    make(alice, "alice", "veil", "veiled things", access="private")
    seen = {"veil-open"}, {"veil-open", "veil-members"}, {"veil-open", "veil-members", "veil"}
    for client, wanted in zip((anonymous, bob, alice), seen):
        for query in ("veil", "alice/veil", "veiled", "veli"):
            found = ask(client, query)
            assert {it["name"] for it in found["items"]} == wanted, query
            assert (found["total"], found["total_is_exact"]) == (len(wanted), True), query
        listed = client.get("/api/search?name=veil").expect(200).json()
        assert {it["name"] for it in listed} == wanted
        found = ask(client, "veil", access="private")
        assert found["total"] == len(found["items"]) == len(wanted & {"veil"})
    bob_path = "/api/packages/alice/veil/collaborators/bob"
    alice.request("PUT", bob_path).expect(201)
    assert names(bob, "veil")[0] == "veil"
    alice.delete(bob_path).expect(201)
    assert set(names(bob, "veil")) == seen[1]
    alice.request("PUT", "/api/v1/packages/alice/veil/access",
                  json_body={"access": "public"}).expect(204)
    assert names(anonymous, "veil") == ["veil", "veil-open"]


def test_groups_limits_and_administrators(account, people, alice, anonymous):
    bob, boss = people["bob"].by_token(), account("boss", superuser=True).by_token()
    alice.post("/api/v1/organizations", {"login": "guild"}).expect(201)
    for name in ("cloak-a", "cloak-b"):
        make(alice, "guild", name, access="private")
    alice.post("/api/group/guild/some", {"perms": "read"}).expect(204)
    alice.request("PUT", "/api/group/guild/some/members/bob").expect(204)
    assert ask(bob, "cloak")["total"] == 0
    alice.request("PUT", "/api/group/guild/some/packages/cloak-a").expect(204)
    limited = people["alice"].by_token("limited", limits={"packages": ["guild/cloak-b"]})
    for client, wanted in ((anonymous, []), (bob, ["cloak-a"]), (limited, ["cloak-b"]),
                           (alice, ["cloak-a", "cloak-b"]), (boss, ["cloak-a", "cloak-b"])):
        for query in ("cloak", "guild/cloak", "claok"):
            found = ask(client, query)
            assert sorted(it["name"] for it in found["items"]) == wanted
            assert found["total"] == len(wanted)
        assert sorted(names(client, owner="guild")) == wanted
    alice.delete("/api/group/guild/some/members/bob").expect(204)
    assert ask(bob, "cloak")["total"] == 0


def counted(client, q="", facets="type,platform,owner,license,label,access", **more):
    """facet -> {value: count}"""
    found = ask(client, q, facets=facets, **more)["facets"]
    assert found["is_exact"] and all(it["is_all"] for it in found["of"].values())
    return {name: {it["value"]: it["count"] for it in facet["values"]}
            for name, facet in found["of"].items()}, found["packages"]


def test_facets_count_what_the_caller_sees(people, alice, anonymous, tmp_path):
    bob = people["bob"].by_token()
    for name, access, labels, more in (
            ("prism-a", "public", ["main"], {}),
            ("prism-b", "public", ["main", "dev"], {"subdir": "linux-64", "noarch": None}),
            ("prism-c", "authenticated", ["hush"], {"subdir": "osx-64", "noarch": None}),
            ("prism-d", "private", ["secret"], {"subdir": "win-64", "noarch": None})):
        make(alice, "alice", name, access=access)
        tiny = packages.make(tmp_path, packages.index_of(name, **more), about={"license": f"L-{name[-1]}"})
        Upload(alice, "alice", packages.describe(tiny), labels).run()
    Upload(bob, "bob", Plain("prism-e", "1", "prism.txt"), data=b"x", kind="file").run()
    wanted = {
        "type": {"conda": 2, "file": 1}, "platform": {"noarch": 1, "linux-64": 1},
        "owner": {"alice": 2, "bob": 1}, "license": {"L-a": 1, "L-b": 1},
        "label": {"main": 3, "dev": 1}, "access": {"public": 3}}
    for q in ("prism", "prsim"):
        assert counted(anonymous, q) == (wanted, 3)
    assert counted(anonymous, "prism", sort="name", limit=1) == (wanted, 3)
    assert counted(anonymous, "prism", facets="type,type") == ({"type": wanted["type"]}, 3)
    assert counted(anonymous, "prism", label="dev", facets="label") == ({"label": {"main": 1, "dev": 1}}, 1)
    seen, number = counted(bob, "prism")
    assert number == 4 and seen["platform"] == {"noarch": 1, "linux-64": 1, "osx-64": 1}
    assert seen["access"] == {"public": 3, "authenticated": 1} and "secret" not in seen["label"]
    seen, number = counted(alice, "prism")
    assert number == 5 and seen["label"] == {"main": 3, "dev": 1, "hush": 1, "secret": 1}
    assert seen["license"] == {"L-a": 1, "L-b": 1, "L-c": 1, "L-d": 1}
    assert counted(anonymous, "prism", owner="nobody") == ({name: {} for name in wanted}, 0)
    assert "facets" not in ask(anonymous, "prism")
    assert ask(anonymous, "prism", facets="access", limit=2)["facets"]["of"]["access"]["values"] == [
        {"value": "public", "count": 3}]
    answer = anonymous.get("/api/v1/search?facets=type,colour").expect(422)
    assert '"colour"' in answer.detail and answer.json()["field"] == "facets"


def test_facets_of_many_say_that_they_are_not_exact(people, anonymous):
    bob = people["bob"].by_token()
    for number in range(251):
        make(bob, "bob", f"swarm-{number}", access="private" if number == 250 else "public")
    found = ask(anonymous, "swarm", facets="owner")["facets"]
    assert found == {"of": {"owner": {"values": [{"value": "bob", "count": 250}], "is_all": True}},
                     "packages": 250, "is_exact": True}
    found = ask(bob, "swarm", facets="owner,access")["facets"]
    assert (found["packages"], found["is_exact"]) == (250, False)
    assert sum(it["count"] for it in found["of"]["access"]["values"]) == 250


def test_a_token_for_a_label_learns_of_no_file_elsewhere(people, alice, tmp_path):
    """Of what is not public it finds what has files there, and of that no more than those say."""
    for name, access, files in (
            ("curtain-a", "private", [("1.0", "noarch", "dev"), ("2.0", "linux-64", "main")]),
            ("curtain-b", "private", [("1.0", "noarch", "main")]),
            ("curtain-c", "authenticated", [("1.0", "noarch", "main")]),
            ("curtain-d", "authenticated", [("1.0", "noarch", "dev")]),
            ("curtain-e", "public", [("1.0", "noarch", "main")]),
            ("curtain-f", "private", [])):
        make(alice, "alice", name, access=access)
        for version, subdir, label in files:
            more = {} if subdir == "noarch" else {"noarch": None}
            tiny = packages.make_tiny(tmp_path / name / version, name, version, subdir=subdir, **more)
            Upload(alice, "alice", packages.describe(tiny), [label]).run()
    limited = people["alice"].by_token("of dev", limits={"labels": ["dev"]})
    bobs = people["bob"].by_token("of dev", limits={"labels": ["dev"]})
    mine = {"curtain-a", "curtain-d", "curtain-e"}
    for client, wanted in ((limited, mine), (bobs, mine - {"curtain-a"})):
        for query in ("curtain", "alice/curtain", "crutain"):
            assert set(names(client, query)) == wanted, query
        assert {it["name"] for it in client.get("/api/packages/alice").expect(200).json()
                if it["name"].startswith("curtain")} == wanted
        assert {it["name"] for it in client.get("/api/search?name=curtain").expect(200).json()} == wanted
    told = {it["name"]: it for it in ask(limited, "curtain")["items"]}["curtain-a"]
    assert (told["latest_version"], told["platforms"]) == ("1.0", ["noarch"])
    assert counted(limited, "curtain", facets="label,platform,access") == ({
        "label": {"dev": 2, "main": 1}, "platform": {"noarch": 3},
        "access": {"public": 1, "authenticated": 1, "private": 1}}, 3)
    # Filters cannot be used to ask.
    for query in ({"label": "main"}, {"platform": "linux-64"}, {"type": "conda"}):
        assert not {"curtain-a", "curtain-b"} & set(names(limited, "curtain", **query)), query
    shown = limited.get("/api/package/alice/curtain-a").expect(200).json()
    assert [it["version"] for it in shown["files"]] == ["1.0"] == [it["version"] for it in shown["releases"]]
    assert (shown["latest_version"], shown["conda_platforms"]) == ("1.0", ["noarch"])
    listed, = [it for it in limited.get("/api/packages").expect(200).json() if it["name"] == "curtain-a"]
    assert (listed["latest_version"], listed["conda_platforms"]) == ("1.0", ["noarch"])
    limited.get("/api/release/alice/curtain-a/1.0").expect(200)
    for path in ("package/alice/curtain-b", "package/alice/curtain-c", "package/alice/curtain-f",
                 "release/alice/curtain-a/2.0",
                 "dist/alice/curtain-a/2.0/linux-64/curtain-a-2.0-0.conda"):
        limited.get(f"/api/{path}").expect(404)
    # Whoever names a package tells of it.
    named = people["alice"].by_token("of b", limits={"labels": ["dev"], "packages": ["alice/curtain-b"]})
    assert set(names(named, "curtain")) == {"curtain-b", "curtain-e"}
    alice.post("/api/channels/alice/dev", {"package": "curtain-b"}).expect(201)
    assert set(names(limited, "curtain")) == mine | {"curtain-b"}
    alice.request("DELETE", "/api/channels/alice/dev", json_body={"package": "curtain-a"}).expect(201)
    assert set(names(limited, "curtain")) == {"curtain-b", "curtain-d", "curtain-e"}


# --- changes ----------------------------------------------------------------------------------


def test_labels_are_followed_at_once(alice, anonymous, tmp_path):
    tiny = packages.describe(packages.make_tiny(tmp_path, "tagged"))
    Upload(alice, "alice", tiny, ["dev"]).run()
    assert names(anonymous, "tagged", label="dev") == ["tagged"]
    assert names(anonymous, "tagged", label="prod") == []
    alice.post("/api/channels/alice/prod", {"package": "tagged"}).expect(201)
    assert names(anonymous, "tagged", label="prod") == ["tagged"]
    alice.request("DELETE", "/api/channels/alice/dev", json_body={"package": "tagged"}).expect(201)
    assert names(anonymous, "tagged", label="dev") == []
    assert names(anonymous, "tagged", label="prod") == ["tagged"]
    alice.post("/api/channels/alice/prod/copy/rel/1").expect(201)
    assert names(anonymous, "tagged", label="rel/1") == ["tagged"]
    alice.delete("/api/channels/alice/rel/1").expect(201)
    assert names(anonymous, "tagged", label="rel/1") == []
    assert names(anonymous, "tagged", label="PROD") == ["tagged"]


def test_a_file_less_is_told_at_once(alice, anonymous, tmp_path):
    for version, more in (("1.0", {}), ("2.0", {"subdir": "linux-64", "noarch": None})):
        tiny = packages.describe(packages.make_tiny(tmp_path, "shrinking", version, **more))
        Upload(alice, "alice", tiny, [f"v{version[0]}"]).run()

    def told():
        return [(it["latest_version"], it["platforms"]) for it in ask(anonymous, "shrinking")["items"]]
    both = told()
    assert both == [("2.0", ["linux-64", "noarch"])]
    alice.delete("/api/dist/alice/shrinking/2.0/linux-64/shrinking-2.0-0.conda").expect(200)
    assert told() == [("1.0", ["noarch"])]
    assert names(anonymous, "shrinking", platform="linux-64") == []
    assert names(anonymous, "shrinking", label="v2") == []
    item, = alice.get("/api/v1/trash/alice?limit=1").expect(200).json()["items"]
    alice.post(f"/api/v1/trash/alice/{item['id']}/restore").expect(200)
    assert told() == both
    assert names(anonymous, "shrinking", platform="linux-64", label="v2") == ["shrinking"]


def test_removal_and_return_are_followed_at_once(alice, anonymous, tmp_path):
    tiny = packages.make_tiny(tmp_path, "boomerang")
    Upload(alice, "alice", packages.describe(tiny)).run()
    before = ask(anonymous, "boomerang")
    assert [it["name"] for it in before["items"]] == ["boomerang"]
    alice.delete("/api/package/alice/boomerang").expect(201)
    for client in (anonymous, alice):
        for query in ("boomerang", "boomernag"):
            assert ask(client, query)["total"] == 0
        assert client.get("/api/search?name=boomerang").expect(200).json() == []
    item, = alice.get("/api/v1/trash/alice?limit=1").expect(200).json()["items"]
    alice.post(f"/api/v1/trash/alice/{item['id']}/restore").expect(200)
    found, = ask(anonymous, "boomerang")["items"]
    assert (found["name"], found["types"], found["platforms"], found["latest_version"]) == (
        "boomerang", ["conda"], ["noarch"], "1.0")


def test_other_words_are_followed_at_once(alice, anonymous):
    make(alice, "alice", "chameleon", "a reptile", ["lizard"])
    assert names(anonymous, "lizard") == names(anonymous, "reptile") == ["chameleon"]
    alice.request("PATCH", "/api/package/alice/chameleon",
                  json_body={"public_attrs": {"summary": "an amphibian", "keywords": ["newt"]}}).expect(200)
    assert names(anonymous, "newt") == names(anonymous, "amphibian") == ["chameleon"]
    assert names(anonymous, "lizard") == names(anonymous, "reptile") == []


# --- what does not get through ----------------------------------------------------------------

HOSTILE = ["\"", "'", "'; DROP TABLE package; --", "\"numpy", "*", "numpy*", "**", "(", ")", "((numpy)",
           "NOT", "a AND", "OR OR", "NEAR(numpy, 2)", "name:numpy", "^numpy", "-", "--", "{numpy}",
           "a0 OR a1 OR a2", "%", "_", "\\", "&|!", "<->", ":*", "/", "//", "alice/", "/numpy", "a/b/c",
           "\u202enumpy", "\ufeff", "数据", "😀", "e\u0301" * 60, "\U0010ffff", "İ", "ß" * 125,
           "a " * 125, "a-" * 125, "a" * 250]


def test_hostile_words_are_only_words(shelf, anonymous):
    for q in HOSTILE:
        for path in ("/api/v1/search?q=", "/api/search?name="):
            anonymous.get(path + quote(q)).expect(200)
    assert names(anonymous, "数据") == names(anonymous, "Привет") == ["groesse"]
    assert names(anonymous, "a0 OR a1 OR a2") == []


def test_what_no_query_may_have_is_refused(anonymous):
    for name in ("q", "type", "platform", "label", "owner", "license"):
        answer = anonymous.get(f"/api/v1/search?{name}={'a' * 251}").expect(422)
        assert answer.detail == f"{name} has 251 bytes, more than 250"
    answer = anonymous.get(f"/api/search?name={'a' * 251}").expect(422)
    assert answer.detail == "name has 251 bytes, more than 250"
    for raw in ("%00", "numpy%00", "%09%0D%0A", "%ff%fe", "%c0%af", "%ed%a0%80", "%", "%zz"):
        for path in ("/api/v1/search?q=", "/api/search?name="):
            anonymous.get(path + raw).expect(422)
    anonymous.get("/api/v1/search?q=" + "a" * 100000).expect(414)
    anonymous.get("/api/v1/search?q=numpy&q=rust").expect(422)
    anonymous.get("/api/v1/search?query=numpy").expect(422)


def test_places_written_by_hand_give_nothing_hidden(shelf, alice, anonymous):
    make(alice, "alice", "numpy-secret", access="private")
    highest = 2 ** 63 - 1
    for place in ("0-0-0-0-0-0-0-", f"2-{highest}-{highest}-{highest}-{highest}-0-0-numpy",
                  "9-1-1-1-1-1-1-(", "0-0-0-0-0-9999-0-x", f"0-0-0-0-0-{highest}-{highest}-x"):
        for sort in ("relevance", "name", "updated", "downloads", "favorites"):
            found = full_names(anonymous, "numpy", after=place, sort=sort)
            assert "alice/numpy-secret" not in found
