"""Our codecs of Python's texts against `packaging`, which pip, twine and PyPI itself go by.

Where the two differ on purpose, the difference is named here; any other fails. The inputs are all
real files of the test data, and generated ones, the same in each run."""
import email.parser
import json
import random
import re
import string
import subprocess
import textwrap
from functools import cmp_to_key
from pathlib import Path

import pytest
from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import (InvalidSdistFilename, InvalidWheelFilename, canonicalize_name,
                             parse_sdist_filename, parse_wheel_filename)
from packaging.version import InvalidVersion, Version

from support.pypi import metadata_of
from support.server import BINARY

SEED = 20260501
pytestmark = [pytest.mark.once, pytest.mark.xdist_group("pypi_codecs")]  # one process makes the generated inputs


def ask(questions):
    """The answers of test/client/pypi_codecs.c: None for "no", else the list of what was found."""
    tool = BINARY.with_name("pypi_codecs")
    if not tool.exists():
        pytest.skip(f"{tool} is not built")
    text = "".join("\t".join(question) + "\n" for question in questions)
    done = subprocess.run([tool], input=text.encode(), stdout=subprocess.PIPE, check=True)
    lines = done.stdout.decode().split("\n")[:-1]
    assert len(lines) == len(questions)
    return [None if line.startswith("no\t") else line.split("\t")[1:] for line in lines]


def judged(judge, text, *refusals):
    try:
        return judge(text)
    except refusals:
        return None


# --- versions ---------------------------------------------------------------------------------

def a_number(rng):
    return rng.choice(["0", "1", "2", "10", "007", "2026", "20260501123456789012345",
                       str(rng.randrange(100))])


def a_version(rng):
    """A version in any of the spellings of PEP 440, or almost one."""
    separator = lambda: rng.choice(["", "", ".", "-", "_"])
    text = rng.choice(["", "", "", "v", "V"])
    if rng.random() < 0.15:
        text += a_number(rng) + "!"
    text += ".".join(a_number(rng) for _ in range(rng.choice([1, 2, 2, 3, 3, 4])))
    if rng.random() < 0.4:
        text += separator() + rng.choice("a b c rc alpha beta pre preview RC Alpha A".split())
        text += separator() + rng.choice(["", a_number(rng)])
    if rng.random() < 0.3:
        text += rng.choice(["-" + a_number(rng), separator() + rng.choice("post rev r POST".split())
                            + separator() + rng.choice(["", a_number(rng)])])
    if rng.random() < 0.3:
        text += separator() + rng.choice(["dev", "DEV"]) + separator() + rng.choice(
            ["", a_number(rng)])
    if rng.random() < 0.25:
        text += "+" + rng.choice(["abc", "1", "cu121", "ubuntu-1", "a.b_c", "1.2", "A.007", "0"])
    if rng.random() < 0.2:  # a slip
        at = rng.randrange(len(text) + 1)
        text = text[:at] + rng.choice("ab1.-_+!vrd*~x0") + text[at + rng.choice([0, 1]):]
    return text


@pytest.fixture(scope="module")
def versions(test_data):
    rng = random.Random(SEED)
    made = {a_version(rng) for _ in range(20000)}
    made |= {part for path in test_data.joinpath("pypi").rglob("*")
             for part in re.split(r"[-/]|\.tar|\.whl", path.name) if part and part[0].isdigit()}
    return sorted(it for it in made if len(it) <= 128)


def test_versions_are_read_and_spelled_the_same(versions):
    answers = ask([("version", text) for text in versions])
    theirs = [judged(Version, text, InvalidVersion) for text in versions]
    assert sum(it is not None for it in theirs) > 10000
    assert sum(it is None for it in theirs) > 1000
    for text, ours, version in zip(versions, answers, theirs):
        expected = version and [str(version), str(int(not version.is_prerelease))]
        assert ours == expected, text


def test_versions_stand_in_the_same_order(versions):
    rng = random.Random(SEED)
    good = [it for it in versions if judged(Version, it, InvalidVersion)]
    near = sorted(good, key=Version)
    pairs = [(rng.choice(good), rng.choice(good)) for _ in range(10000)]
    pairs += list(zip(near, near[1:])) + list(zip(near, near[2:]))
    for (a, b), answer in zip(pairs, ask([("compare", a, b) for a, b in pairs])):
        x, y = Version(a), Version(b)
        assert int(answer[0]) == (x > y) - (x < y), (a, b)


# --- names ------------------------------------------------------------------------------------

def test_names_are_judged_and_normalised_the_same():
    rng = random.Random(SEED)
    names = ["".join(rng.choice("aAzZ09._-" + rng.choice(["", "~/ "]))
                     for _ in range(rng.randrange(1, 12))) for _ in range(5000)]
    for name, ours in zip(names, ask([("name", name) for name in names])):
        good = judged(lambda text: canonicalize_name(text, validate=True), name, ValueError)
        assert (ours and ours[0]) == good, name


# --- file names -------------------------------------------------------------------------------

def a_wheel(rng):
    word = lambda: "".join(rng.choice(string.ascii_letters) for _ in range(rng.randrange(1, 5)))
    name = rng.choice(["demo", "a_b", "Zope.Interface", "a__b", "a._b", "_a", "a_", "a.", "9",
                       word()])
    parts = [name, rng.choice(["1.0", "1", "1.0a1", "1!2.0", "1.0+cu121", "1.0_1", "x", "2010i"])]
    parts += rng.choice([[], [], ["1"], ["1a"], ["a1"], [""], ["1", "2"]])
    parts += [rng.choice(["py3", "py2.py3", "cp311", "cp310.cp311", "", "py3."]),
              rng.choice(["none", "abi3", "cp311", "cp314t.abi3"]),
              rng.choice(["any", "linux_x86_64", "manylinux_2_17_x86_64.manylinux2014_x86_64",
                          "macosx_11_0_arm64", "win_amd64", ""])]
    return "-".join(parts) + rng.choice([".whl"] * 9 + [".WHL"])


# What we refuse although `packaging` reads it.
REFUSED_WHEELS = [
    ("a name that was not escaped", lambda name: re.search(r"[._]{2}", name.split("-")[0])),
    ("a name that no project may have", lambda name: re.search(r"^[._]|[._]$", name.split("-")[0])),
]


def real_names(test_data, *endings):
    return sorted({path.name for path in test_data.joinpath("pypi").rglob("*")
                   if path.name.endswith(endings)})


def test_wheel_names_are_taken_apart_the_same(test_data):
    rng = random.Random(SEED)
    names = sorted({a_wheel(rng) for _ in range(20000)}) + real_names(test_data, ".whl")
    excused = set()
    accepted = 0
    for name, ours in zip(names, ask([("filename", name) for name in names])):
        theirs = judged(parse_wheel_filename, name, InvalidWheelFilename)
        why = next((why for why, looks in REFUSED_WHEELS if looks(name)), None)
        if theirs and why:
            assert ours is None, name
            excused.add(why)
        elif theirs is None:
            assert ours is None, name
        else:
            project, version, build, tags = theirs
            assert ours[:3] == ["bdist_wheel", project, str(version)], name
            assert ours[3] == "".join(map(str, build)), name
            assert {(python, abi, platform) for python in ours[4].lower().split(".")
                    for abi in ours[5].lower().split(".")
                    for platform in ours[6].lower().split(".")} == {
                (tag.interpreter, tag.abi, tag.platform) for tag in tags}, name
            accepted += 1
    assert accepted > 1000
    assert excused == {why for why, _ in REFUSED_WHEELS}


def test_names_of_source_distributions_are_taken_apart_the_same(test_data):
    names = [name for name in real_names(test_data, ".tar.gz", ".zip")]
    names += [f"{name}-{version}.tar.gz" for name in ("demo", "a-b", "a.b-c_d", "a-1", "x")
              for version in ("1.0", "1!2", "1.0.post1", "1.0+cu1", "v1.0-a1", "1.0-1", "z")]
    both = 0
    for name, ours in zip(names, ask([("filename", name) for name in names])):
        theirs = judged(parse_sdist_filename, name, InvalidSdistFilename)
        if ours and theirs:
            assert ours[:3] == ["sdist", theirs[0], str(theirs[1])], name
            both += 1
        elif theirs:
            assert not re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?",
                                    name[:name.rindex("-")]), name
        elif ours:  # "v1.0-a1": they look behind the last dash only
            assert judged(Version, ours[2], InvalidVersion), name
    assert both > 60


# --- requirements -----------------------------------------------------------------------------

def a_specifier(rng):
    version = rng.choice(["1.0", "2", "1.0.*", "1.0a1", "1!2", "1.0+l", "3.8", "x", "",
                          "1.0.post1"])
    return rng.choice("== != <= >= < > ~= === =".split()) + rng.choice(["", " "]) + version


def test_specifiers_are_read_wherever_they_are(versions):
    rng = random.Random(SEED)
    texts = [",".join(rng.choice(["", " "]) + a_specifier(rng) for _ in range(rng.randrange(1, 4)))
             for _ in range(10000)]
    read = 0
    for text, ours in zip(texts, ask([("specifiers", text) for text in texts])):
        theirs = judged(SpecifierSet, text, InvalidSpecifier)
        if re.search(r"===\s*(,|$)", text):  # they compare with nothing then
            assert ours is None, text
        elif theirs is not None:
            assert ours and SpecifierSet(ours[0]) == theirs, text
            read += 1
    assert read > 1000


def test_requirements_are_read_wherever_they_are(metadata_files):
    lines = set()
    for text in metadata_files.values():
        message = email.parser.BytesParser().parsebytes(text)
        lines |= {str(line) for line in message.get_all("Requires-Dist", [])}
    lines |= {"a", "a[b,c]", "a [b]>=1", "a (>=1,<2)", 'a; extra == "x"',
              "a @ https://h/p;q ; extra=='y'", "a@file:///x", "a>=1;python_version<'3'",
              "a[x]>=1 ; os_name=='nt' and extra == 'z'"}
    lines = sorted(lines)
    assert len(lines) > 150
    read = 0
    for line, ours in zip(lines, ask([("requirement", line) for line in lines])):
        theirs = judged(Requirement, line, InvalidRequirement)
        if theirs is None:
            continue
        name, extras, specifiers, url, marker, extra = ours
        assert name == theirs.name, line
        assert {it.strip() for it in extras.split(",") if it} == theirs.extras, line
        assert SpecifierSet(specifiers) == theirs.specifier, line
        assert (url or None) == theirs.url, line
        assert bool(marker) == bool(theirs.marker), line
        found = re.search(r'extra == "([^"]*)"', str(theirs.marker or ""))
        assert canonicalize_name(extra) == (found.group(1) if found else ""), line
        read += 1
    assert read > 100


# --- metadata ---------------------------------------------------------------------------------

@pytest.fixture(scope="module")
def metadata_files(test_data):
    """name -> bytes, of every metadata in the real files."""
    found = {}
    for path in sorted(test_data.joinpath("pypi").rglob("*")):
        text = metadata_of(path) if path.is_file() else None
        if text:
            found[str(path.relative_to(test_data))] = text
    assert len(found) > 250
    return found


TEXTS = {"summary": "summary", "author": "author", "author_email": "author_email",
         "maintainer": "maintainer", "maintainer_email": "maintainer_email",
         "requires_python": "requires_python", "license_expression": "license_expression",
         "description_content_type": "description_content_type"}
LISTS = {"classifiers": "classifiers", "requires_dist": "requires_dist", "dynamic": "dynamic",
         "provides_extra": "provides_extra", "license_files": "license_files",
         "platforms": "platform"}


# Broken on purpose: names that end so -> why we refuse them.
REFUSED_METADATA = {
    "broken-0.2+broken.tar.gz": "version 0.2broken",
    "invalid_version-2010i-py3-none-any.whl": "version 2010i",
    "demo_metadata_version_unknown-0.1.0-py2.py3-none-any.whl": "Metadata-Version 999.3",
    "validation-2.0.0-py3-none-any.whl": "Requires-Python 12",
    "validation-3.0.0-py3-none-any.whl": "Requires-Python 12",
}


def as_line(text):
    return re.sub(r"\s*\n\s*", " ", text or "").strip().replace("\t", " ")


def their_description(raw, text):
    """parse_email() leaves the indentation of the header of old; importlib.metadata does not."""
    description = raw.get("description") or ""
    message = email.parser.BytesParser().parsebytes(text)
    if not message.get_payload().strip() and message["Description"]:
        first, _, rest = description.partition("\n")
        rest = re.sub(r"(?m)^ {7}\|", " " * 8, rest)
        description = first + ("\n" + textwrap.dedent(rest) if rest else "")
    return description.replace("\r\n", "\n")


def without_blanks(text):
    return re.sub(r"\s+", " ", text or "").strip()


def test_metadata_says_the_same(metadata_files, tmp_path):
    files = list(metadata_files.items())
    for number, (_, text) in enumerate(files):
        tmp_path.joinpath(str(number)).write_bytes(text)
    answers = ask([("meta", str(tmp_path / str(number))) for number in range(len(files))])
    refused = {name.rpartition("/")[2] for (name, _), ours in zip(files, answers) if not ours}
    assert refused == set(REFUSED_METADATA)
    for (name, text), ours in zip(files, answers):
        if ours is None:
            continue
        raw, unparsed = parse_email(text)
        about = json.loads(ours[2])
        assert ours[0] == raw["name"], name
        assert ours[1] == str(Version(raw["version"])), name
        for theirs, key in TEXTS.items():
            value = as_line(raw.get(theirs))
            if theirs not in unparsed:
                wanted = "" if value == "UNKNOWN" else value[:1024]
                assert about.get(key, "") == wanted, (name, key)
        for theirs, key in LISTS.items():
            value = [as_line(it) for it in raw.get(theirs) or []]
            assert about.get(key, []) == [it for it in value if it != "UNKNOWN"], (name, key)
        if "description" not in unparsed:
            value = without_blanks(their_description(raw, text))
            ours_too = without_blanks(about.get("description"))
            assert ours_too == ("" if value == "UNKNOWN" else value)[:len(ours_too)], name
            assert len(ours_too) > 50000 or len(ours_too) == len(value) or value == "UNKNOWN", name


def test_keywords_are_split_as_the_field_was_written(tmp_path):
    def keywords(value):
        path = tmp_path / "meta"
        path.write_text(f"Metadata-Version: 2.1\nName: a\nVersion: 1\nKeywords: {value}\n")
        return json.loads(ask([("meta", str(path))])[0][2]).get("keywords")

    assert keywords("dog,puppy, voting") == ["dog", "puppy", "voting"]
    assert keywords("dog puppy  voting") == ["dog", "puppy", "voting"]
    assert keywords("big dog, puppy") == ["big dog", "puppy"]
    assert keywords("UNKNOWN") is None
