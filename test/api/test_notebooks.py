"""Notebooks: uploaded, versioned, shown as data that nobody has to trust, downloaded."""
import base64
import json
import re

import pytest

from support import packages
from support.notebooks import GIF, PLOT, code, display, notebook
from support.publish import Plain, Refused, Upload

# How files are judged has nothing to do with where the accepted ones are kept.
pytestmark = pytest.mark.once
KINDS = {"code", "markdown", "raw", "unknown"}
PARTS = {"text", "error", "image", "markdown", "latex", "json", "html", "svg", "dropped"}
MAGIC = {"image/png": b"\x89PNG\r\n\x1a\n", "image/jpeg": b"\xff\xd8\xff", "image/gif": b"GIF8",
         "image/webp": b"RIFF"}


@pytest.fixture
def alice(server, token):
    return server.client(token=token("alice"))


@pytest.fixture
def put(alice, request):
    """put(data, version=, basename=): publishes a notebook; its path below /api/v1/notebooks."""
    name = re.sub(r"[^a-z0-9-]+", "-", request.node.name.removeprefix("test_").lower()).strip("-")[:60]

    def put(data, version="2026.11.27.1200", basename="x.ipynb", client=alice, owner="alice"):
        upload = Upload(client, owner, Plain(name, version, basename), data=data, kind="ipynb")
        upload.run()
        return upload.release_path + "/" + basename
    return put


def view(client, path):
    answer = client.get("/api/v1/notebooks" + path).expect(200)
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    shown = answer.json()
    check(shown)
    return shown


def check(shown):
    """Every part has a kind, and every picture is one."""
    for cell in shown["cells"]:
        assert cell["kind"] in KINDS and isinstance(cell["text"], str)
        for part in [*cell.get("outputs", []), *cell.get("attachments", {}).values()]:
            for it in [part, *filter(None, [part.get("fallback")])]:
                assert it["kind"] in PARTS
                if it["kind"] == "image":
                    data = base64.b64decode(it["data"], validate=True)
                    assert data.startswith(MAGIC[it["mime"]])
                if it["kind"] in ("text", "error"):
                    for span in it["spans"]:
                        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", span["text"])


def refused(put, data):
    with pytest.raises(Refused) as refusal:
        put(data)
    assert refusal.value.step == "commit" and refusal.value.answer.status == 400
    return refusal.value.answer.error


def test_a_notebook_is_shown(put, alice):
    path = put(notebook(
        {"cell_type": "markdown", "metadata": {}, "source": ["# T\n", "<b>x</b>"],
         "attachments": {"a.gif": {"image/gif": GIF}}},
        code("print(1)", {"output_type": "stream", "name": "stdout", "text": ["\x1b[31m1\n"]},
             display(image_gif=GIF, text_plain="<Figure>"), execution_count=3),
        minor=5, kernelspec={"name": "k", "display_name": "K", "language": "python"}))
    shown = view(alice, path)
    assert shown == {
        "format": [4, 5], "title": "T", "kernel": "k", "kernel_title": "K", "language": "python",
        "cells": [
            {"kind": "markdown", "text": "# T\n<b>x</b>", "attachments": {
                "a.gif": {"kind": "image", "mime": "image/gif", "width": 1, "height": 1,
                          "data": GIF}}},
            {"kind": "code", "text": "print(1)", "language": "python", "execution_count": 3,
             "outputs": [
                {"kind": "text", "stream": "stdout", "spans": [{"text": "1\n", "fg": "red"}]},
                {"kind": "image", "mime": "image/gif", "width": 1, "height": 1, "data": GIF,
                 "fallback": {"kind": "text", "spans": [{"text": "<Figure>"}]}}]}]}


def test_its_file_tells_of_it(put, alice):
    path = put(PLOT)
    file = alice.get("/api/dist" + path).expect(200).json()
    assert file["type"] == "ipynb"
    assert file["attrs"] == {
        "format": [4, 4], "title": "A plot", "kernel": "python3", "kernel_title": "Python 3",
        "language": "python", "cells": 2, "code_cells": 1, "markdown_cells": 1, "outputs": 1,
        "thumbnail": True, "authors": []}
    package = alice.get("/api/package" + path.rsplit("/", 2)[0]).expect(200).json()
    assert package["summary"] == "A plot" and package["package_types"] == ["ipynb"]
    assert package["conda_platforms"] == []


def test_one_name_in_many_versions(put, alice):
    older, newer = put(PLOT), put(notebook(title="other"), version="2026.11.27.1201")
    assert view(alice, older)["title"] == "A plot"
    assert view(alice, newer)["title"] == "other"
    package = alice.get("/api/package" + older.rsplit("/", 2)[0]).json()
    assert package["latest_version"] == "2026.11.27.1201"
    assert [it["basename"] for it in package["files"]] == ["x.ipynb", "x.ipynb"]
    assert alice.get("/api/download" + older).expect(200).body == PLOT


def test_a_browser_that_has_it_gets_it_not_again(put, alice):
    path = put(PLOT)
    for url in ("/api/v1/notebooks" + path, "/api/v1/notebooks" + path + "/thumbnail"):
        first = alice.get(url).expect(200)
        assert first.headers["Cache-Control"] == "private, no-cache"
        alice.request("GET", url, headers={"If-None-Match": first.headers["ETag"]}).expect(304)
        alice.request("GET", url, headers={"If-None-Match": '"other"'}).expect(200)
    assert first.headers["Content-Type"] == "image/gif"
    assert first.body == base64.b64decode(GIF)


def test_the_thumbnail_is_a_picture_or_none(put, alice):
    svg = put(notebook(code("x", display(**{"image_svg+xml": "<svg onload=alert(1)/>"},
                                         image_png="PHN2Zz4="))))
    answer = alice.get("/api/v1/notebooks" + svg + "/thumbnail").expect(404)
    assert answer.error == 'the notebook "x.ipynb" has no picture'


def test_other_files_are_no_notebooks(alice, publish, tiny):
    publish("alice", tiny("nonotebook"))
    path = "/alice/nonotebook/1.0/noarch%2Fnonotebook-1.0-0.conda"
    assert alice.get("/api/v1/notebooks" + path).status in (400, 404)
    Upload(alice, "alice", Plain("plain", "1", "x.txt"), data=b"x", kind="file").run()
    answer = alice.get("/api/v1/notebooks/alice/plain/1/x.txt").expect(404)
    assert answer.error == '"x.txt" is a file of type "file", not a notebook'
    alice.get("/api/v1/notebooks/alice/plain/1/absent.ipynb").expect(404)


@pytest.mark.parametrize("data, error", [
    (b"# not a notebook", "not a notebook: not valid JSON at line 1, column 1"),
    (b"", "not a notebook: the JSON text is empty"),
    (b"{}", "not a notebook: nbformat is missing"),
    (b'{"nbformat": 6, "cells": []}', "a notebook of format 6; 2 to 5 are known"),
    (b'{"nbformat": 4, "cells": [{"cell_type": "code", "source": 3}]}',
     "cell 1: source is a number, not a text or a list of lines"),
    (b'{"nbformat": 4, "cells": ' + b"[" * 5000 + b"]" * 5000 + b"}", "nested deeper than 64"),
], ids=["text", "empty", "nothing", "future", "source", "deep"])
def test_what_is_no_notebook_is_refused_with_its_reason(put, alice, data, error):
    assert error in refused(put, data)


def test_many_cells_and_long_texts_are_bounded(put, alice):
    many = view(alice, put(notebook(*[code(str(number)) for number in range(20000)])))
    assert len(many["cells"]) == 20000 and "left_out" not in many
    long = view(alice, put(notebook({"cell_type": "raw", "metadata": {}, "source": "x" * 10_000_000}),
                           version="2"))
    assert len(long["cells"][0]["text"]) == 1 << 20 and long["cells"][0]["cut"] is True


def hostile():
    folder = packages.data_folder()
    return sorted((folder / "hostile" / "made" / "notebooks").glob("*.ipynb")) if folder else []


REASONS = {"nbformat-99": "format 99", "nested-deep": "nested deeper", "not-json": "not valid JSON",
           "source-list-types": "cell 1: source line 1 is a number"}


@pytest.mark.parametrize("file", hostile(), ids=lambda file: file.stem)
def test_hostile_notebooks_are_inert(put, alice, file):
    """Whatever they hold is a text, or of a kind that pages know not to trust."""
    if file.stem in REASONS:
        assert REASONS[file.stem] in refused(put, file.read_bytes())
        return
    path = put(file.read_bytes())
    shown = view(alice, path)
    parts = [part for cell in shown["cells"] for part in cell.get("outputs", [])]
    kinds = [part["kind"] for part in parts]
    wanted = {"output-html": ["html"], "output-svg": ["svg"], "output-js": ["dropped"],
              "png-notpng": ["dropped"], "widget-state": ["dropped"], "output-latex": ["latex"],
              "stream-html": ["text"], "ansi-traceback": ["error"]}.get(file.stem, [])
    assert kinds == wanted
    if file.stem == "ansi-traceback":
        assert parts[0]["spans"] == [{"text": "<script>window.__pwned=1</script>", "fg": "red"},
                                     {"text": "x", "fg": "red"}]
    if file.stem == "attachment":
        assert shown["cells"][0]["attachments"]["a.svg"]["kind"] == "svg"
    bytes_ = alice.get("/api/download" + path).expect(200)
    assert bytes_.headers["Content-Type"] == "application/octet-stream"
    assert bytes_.headers["Content-Disposition"].startswith("attachment")


def real(*names):
    folder = packages.data_folder()
    if not folder:
        return []
    found = sorted((folder / "notebooks").rglob("*.ipynb"))
    return [file for file in found if file.name in names]


@pytest.mark.parametrize("file", real(
    "test2.ipynb", "test3.ipynb", "test4.ipynb", "test4plus.ipynb", "notebook_inject.ipynb",
    "Widget_List.ipynb", "vega-extension.ipynb", "Running Code.ipynb", "many_tracebacks.ipynb"),
    ids=lambda file: file.stem)
def test_real_notebooks_are_shown(put, alice, file):
    shown = view(alice, put(file.read_bytes()))
    said = json.loads(file.read_text())
    cells = said.get("cells") or said["worksheets"][0]["cells"]
    assert len(shown["cells"]) == len(cells)
    assert shown["format"][0] == said["nbformat"]
    for cell, was in zip(shown["cells"], cells):
        if was["cell_type"] == "code":
            assert len(cell["outputs"]) == len(was["outputs"])
