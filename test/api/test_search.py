"""Search: what is found, in which order, by whom, and what does not get through."""
import itertools
from urllib.parse import quote, urlencode

import pytest

from support import packages
from support.publish import Plain, Upload

NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def people(account):
    return {login: account(login) for login in ("alice", "bob", "carol", "dave")}


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


def test_among_equals_what_was_changed_last_comes_first(shelf, anonymous):
    assert names(anonymous, "numpy-") == ["numpy-financial"]
