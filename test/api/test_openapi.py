"""docs/openapi.yaml tells of exactly the routes there are."""
import re

import pytest
import yaml

from support.server import ROOT, routes

pytestmark = pytest.mark.once

FILE = ROOT / "docs" / "openapi.yaml"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(FILE.read_text())


def described(document):
    """(METHOD, path) -> operation"""
    return {(method.upper(), path): operation
            for path, item in document["paths"].items()
            for method, operation in item.items() if method in METHODS}


def table():
    return {(route["method"], route["pattern"].replace("...", "")): route for route in routes()}


def test_routes_and_document_are_the_same_both_ways(document):
    operations, rows = described(document), table()
    assert set(rows) - set(operations) == set(), "routes that are not described"
    assert set(operations) - set(rows) == set(), "descriptions of routes that are not there"


def test_operations_have_the_names_of_the_routes(document):
    rows = table()
    names = {key: operation.get("operationId") for key, operation in described(document).items()}
    assert names == {key: route["operation"] for key, route in rows.items()}


def test_every_operation_is_described(document):
    for key, operation in described(document).items():
        assert operation.get("summary"), key
        assert operation.get("responses"), key
        assert all(re.fullmatch(r"[1-5]\d\d|[1-5]XX|default", str(status))
                   for status in operation["responses"]), key


def test_every_parameter_of_a_path_is_described(document):
    for path, item in document["paths"].items():
        wanted = set(re.findall(r"\{(\w+)\}", path))
        for method, operation in item.items():
            if method not in METHODS:
                continue
            given = [resolve(document, it)
                     for it in item.get("parameters", []) + operation.get("parameters", [])]
            assert {it["name"] for it in given if it["in"] == "path"} == wanted, (method, path)
            assert all(it.get("required") for it in given if it["in"] == "path")


def test_security_is_told_where_somebody_must_be_known(document):
    rows = table()
    for key, operation in described(document).items():
        security = operation.get("security", document.get("security", []))
        if rows[key]["right"] in ("anyone", "read"):
            assert not security or {} in security, f"{key} is for everybody"
        else:
            assert security and {} not in security, f"{key} needs credentials"
        for requirement in security:
            for scheme in requirement:
                assert scheme in document["components"]["securitySchemes"], scheme


def test_every_reference_leads_somewhere(document):
    def walk(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                resolve(document, node)
            for value in node.values():
                walk(value)
        elif isinstance(node, list):
            for value in node:
                walk(value)
    walk(document)
    assert str(document["openapi"]).startswith("3.1")


def resolve(document, node):
    while "$ref" in node:
        reference = node["$ref"]
        assert reference.startswith("#/"), reference
        node = document
        for part in reference[2:].split("/"):
            node = node[part.replace("~1", "/").replace("~0", "~")]
    return node
