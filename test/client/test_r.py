"""R itself, Debian's, on CRAN-like repositories of ours."""
import contextlib
import gzip
import http.server
import threading
from urllib.parse import urlsplit

import pytest

from support import cran, secrets
from support.anaconda import Anaconda, versions
from support.curl import Curl
from support.r import R
from support.venvs import find_venv

pytestmark = pytest.mark.once   # where the bytes lie is for test/api/test_cran.py


@pytest.fixture
def r(tmp_path):
    return R(tmp_path / "home")


@pytest.fixture(scope="module")
def shelf(account):
    """An account with tool, which needs base1 in its new version; and a private package."""
    client = account("shelf").by_token()
    for name, version, fields in (("base1", "1.0", {}), ("base1", "1.2", {}), ("base1", "1.10", {}),
                                  ("tool", "0.1-2", {"Imports": "base1 (>= 1.10),\n    stats"})):
        cran.publish(client, "shelf", f"{name}_{version}.tar.gz",
                 cran.source(name, version, **fields))
    client.post("/api/package/shelf/secret", {"access": "private"}).expect(200)
    cran.publish(client, "shelf", "secret_1.0.tar.gz",
             cran.source("secret", Imports="tool"))
    cran.publish(client, "shelf", "tool_0.2.tar.gz", cran.source("tool", "0.2"),
             label="dev/next")
    return client


def names(url, how=""):
    """A script that prints what is there for R: name and version."""
    return (f'p <- available.packages(repos = "{url}", filters = list(){how})\n'
            'cat(paste(p[, "Package"], p[, "Version"]), sep = "\\n")\n')


# --- installing -------------------------------------------------------------------------------

def test_a_package_and_what_it_needs_are_installed(server, shelf, r):
    done = r(f'install("tool", repos = "{server.url}/cran/shelf"); cat(tool::hello())').ok()
    assert r.installed() == {"tool": "0.1-2", "base1": "1.10"}
    assert done.out == "tool 0.1-2"


def test_a_label_is_a_repository(server, shelf, r):
    r(f'install("tool", repos = "{server.url}/cran/shelf/label/dev/next")').ok()
    assert r.installed() == {"tool": "0.2"}


def test_an_old_version_is_found_by_remotes(server, shelf, r):
    done = r(f'options(repos = "{server.url}/cran/shelf")\n'
             'remotes::install_version("base1", "1.2", lib = lib, quiet = TRUE, upgrade = "never")\n'
             'cat(base1::hello())')
    if "there is no package called" in done.err and "remotes" in done.err:
        pytest.skip("remotes is not installed (r-cran-remotes)")
    assert done.ok().out == "base1 1.2"
    assert r.installed() == {"base1": "1.2"}


# How R shows a token of "shelf": the address of the server, and arguments besides.
WAYS = {"Basic, as password": ("http://shelf:{token}@{host}/cran/shelf", ""),
        "Basic, as user": ("http://{token}:@{host}/cran/shelf", ""),
        "Bearer": ("http://{host}/cran/shelf",
                   ', headers = c(Authorization = "Bearer {token}")'),
        "path": ("http://{host}/t/{token}/cran/shelf", ""),
        "path of cran": ("http://{host}/cran/t/{token}/shelf", "")}


@pytest.mark.parametrize("way", WAYS)
def test_a_private_package_is_installed(server, shelf, account, r, way):
    token = account("shelf").token(way)
    url, how = (text.format(token=token, host=urlsplit(server.url).netloc) for text in WAYS[way])
    r(f'install("secret", repos = "{url}"{how})').ok()
    assert r.installed() == {"secret": "1.0", "tool": "0.1-2", "base1": "1.10"}


def test_for_others_a_private_package_does_not_exist(server, shelf, r):
    url = f"{server.url}/cran/shelf"
    said = r(names(url) + f'e <- tryCatch(install("secret", repos = "{url}"), error = identity)\n'
             'cat("said:", conditionMessage(e))').ok()
    assert set(said.lines[:2]) == {"base1 1.10", "tool 0.1-2"}
    assert "‘secret’ is not available" in said.out
    assert r.installed() == {}


def test_a_wrong_token_is_an_error_and_no_list_of_packages(server, shelf, r):
    """Also where R takes the body of a refusal for the index."""
    url = f"http://shelf:tr-{'A' * 46}@{urlsplit(server.url).netloc}/cran/shelf"
    secrets.remember("tr-" + "A" * 46)
    for method in ("libcurl", "curl"):
        said = r(f'e <- tryCatch({{ {names(url, f""", method = "{method}" """)} }}, error = identity)\n'
                 'cat("said:", conditionMessage(e))').ok()
        assert said.out.startswith("said:"), said.out


# --- indexes ----------------------------------------------------------------------------------

@contextlib.contextmanager
def folder_server(folder):
    """The address of a server that has nothing but the files of a folder."""
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *words):
            super().__init__(*words, directory=folder)

        def log_message(self, *_):
            pass
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as it:
        threading.Thread(target=it.serve_forever).start()
        yield f"http://127.0.0.1:{it.server_port}"
        it.shutdown()


def test_each_index_alone_says_the_same(server, shelf, anonymous, r):
    """R takes the first that it gets: each is laid out alone, and read."""
    alone = ["PACKAGES.rds", "PACKAGES.gz", "PACKAGES"]
    for name in alone:
        folder = r.home / "alone" / name / "src" / "contrib"
        folder.mkdir(parents=True)
        (folder / name).write_bytes(
            anonymous.get(f"/cran/shelf/src/contrib/{name}").expect(200).body)
    with folder_server(r.home / "alone") as url:
        places = ", ".join(f'"{url}/{name}"' for name in alone)
        done = r('read <- function(url) {\n'
                 '  p <- available.packages(repos = url, filters = list())\n'
                 '  p[order(p[, "Package"]), colnames(p) != "Repository"]\n}\n'
                 f'all <- lapply(c({places}, "{server.url}/cran/shelf"), read)\n'
                 'for (i in 2:4) stopifnot(identical(all[[1]], all[[i]]))\n'
                 'cat(all[[1]][, "Version"], all[[1]]["tool", "Imports"])').ok()
    assert done.out == "1.10 0.1-2 base1 (>= 1.10), stats"


def test_indexes_are_those_that_r_makes_of_the_same_packages(server, account, test_data, r):
    """All columns of all packages, but for folded lines; and the matrix has the shape of R's."""
    client = account("mirror").by_token()
    folder = test_data / "r/src/contrib"
    for path in sorted(folder.glob("*.tar.gz")):
        cran.publish(client, "mirror", path.name, path.read_bytes())
    golden = test_data / "golden/cran/PACKAGES.rds"
    ours = r.home / "PACKAGES.rds"
    ours.write_bytes(client.get("/cran/mirror/src/contrib/PACKAGES.rds").expect(200).body)
    r(f'theirs <- readRDS("{golden}"); ours <- readRDS("{ours}")\n'
      'theirs[] <- gsub("[[:space:]]+", " ", theirs)\n'
      'stopifnot(nrow(ours) == 33, identical(ours[rownames(theirs), ], theirs))\n'
      f'archive <- readRDS(gzcon(url("{server.url}/cran/mirror/src/contrib/Meta/archive.rds")))\n'
      'stopifnot(is.list(archive), length(archive) == 0)\n'
      f'current <- readRDS(gzcon(url("{server.url}/cran/mirror/src/contrib/Meta/current.rds")))\n'
      f'files <- list.files("{folder}", full.names = TRUE)\n'
      'stopifnot(is.data.frame(current), nrow(current) == 33, inherits(current$mtime, "POSIXct"),\n'
      '  identical(current[basename(files), "size"], file.size(files)),\n'
      '  all(abs(difftime(current$mtime, Sys.time(), units = "hours")) < 1))').ok()


def test_r_knows_the_whole_repository(server, shelf, account, r):
    """As it knows all of CRAN: who needs what, without installing anything."""
    account("vacant")
    done = r(f'Sys.setenv(R_CRAN_WEB = "{server.url}/cran/shelf")\n'
             'db <- tools::CRAN_package_db()\n'
             'cat(db$Package, db$Version, unlist(tools::package_dependencies("base1", db = db,\n'
             '  reverse = TRUE)), unlist(tools::package_dependencies("tool", db = db)))\n'
             f'Sys.setenv(R_CRAN_WEB = "{server.url}/cran/vacant")\n'
             'stopifnot(nrow(tools::CRAN_package_db()) == 0)').ok()
    assert done.out == "base1 tool 1.10 0.1-2 tool base1 stats"


def test_empty_trees_are_quiet(server, account, r):
    account("bare")
    script = "".join(
        f'p <- available.packages(contriburl = "{server.url}/cran/bare/{tree}")\n'
        'stopifnot(nrow(p) == 0, "Version" %in% colnames(p))\n'
        for tree in ("src/contrib", "bin/windows/contrib/4.2",
                     "bin/macosx/big-sur-arm64/contrib/4.5"))
    said = r(script).ok()
    assert said.err == "" and said.out == ""


def test_packages_that_this_r_cannot_use_are_left_out_by_it(server, account, r):
    client = account("picky").by_token()
    for name, fields in (("newer", {"Depends": "R (>= 99.0)"}), ("other", {"OS_type": "windows"}),
                         ("fits", {"Depends": "R (>= 3.0)", "OS_type": "unix"})):
        cran.publish(client, "picky", f"{name}_1.0.tar.gz", cran.source(name, **fields))
    done = r(f'cat(available.packages(repos = "{server.url}/cran/picky")[, "Package"])').ok()
    assert done.out == "fits"


def test_latin1_descriptions_are_utf_8_in_the_index(server, account, r):
    client = account("worldly").by_token()
    text = cran.description("cafe", Encoding="latin1").encode() + "License_is_FOSS: café\n".encode(
        "latin1")
    data = gzip.compress(cran.tar_bytes({"cafe/DESCRIPTION": text}), mtime=0)
    cran.publish(client, "worldly", "cafe_1.0.tar.gz", data)
    done = r(f'p <- available.packages(repos = "{server.url}/cran/worldly", filters = list())\n'
             'cat(p[, "License_is_FOSS"], Encoding(p[, "License_is_FOSS"]))').ok()
    assert done.out == "café UTF-8"


# --- binaries ---------------------------------------------------------------------------------

def test_a_binary_of_linux_is_installed_from_its_tree(server, account, r, tmp_path):
    source = tmp_path / "quick_1.0.tar.gz"
    source.write_bytes(cran.source("quick"))
    binary = r.built(source)
    minor = r('cat(R.version$major, sub("[.].*", "", R.version$minor), sep = ".")').ok().out
    tree = f"bin/linux/{minor}-bookworm/contrib/{minor}"
    client = account("builder").by_token()
    cran.publish(client, "builder", binary.name, binary.read_bytes(), tree)
    other = R(tmp_path / "other")
    other(f'install("quick", contriburl = "{server.url}/cran/builder/{tree}", opts = character())\n'
          'cat(quick::hello())').ok()
    assert other.installed() == {"quick": "1.0"}
    assert (other.library / "quick/R/quick.rdb").exists()


# --- uploading --------------------------------------------------------------------------------

def test_what_was_put_is_installed(server, account, r, tmp_path):
    """By curl: a source, another version with a label, and a binary that R made."""
    curl = Curl(account("putter").token("curl"))
    base = f"{server.url}/cran/putter"
    made = {"1.2": f"{base}/src/contrib/", "1.10": f"{base}/label/dev/src/contrib/"}
    for version, folder in made.items():
        path = tmp_path / f"posted_{version}.tar.gz"
        path.write_bytes(cran.source("posted", version))
        assert curl("-T", path, folder)[0] == 201
    r(f'install("posted", repos = "{base}")').ok()
    assert r.installed() == {"posted": "1.2"}
    r(f'install("posted", repos = "{base}/label/dev")').ok()
    assert r.installed() == {"posted": "1.10"}
    built = r.built(path)
    minor = r('cat(R.version$major, sub("[.].*", "", R.version$minor), sep = ".")').ok().out
    tree = f"bin/linux/{minor}-bookworm/contrib/{minor}"
    assert curl("-T", built, f"{base}/{tree}/")[0] == 201
    status, said = curl("-T", built, f"{base}/src/contrib/")
    assert status == 400 and "its place is bin/linux/DISTRIBUTION/contrib/X.Y" in said
    other = R(tmp_path / "other")
    other(f'install("posted", contriburl = "{base}/{tree}", opts = character())\n'
          'cat(posted::hello())').ok()
    assert other.installed() == {"posted": "1.10"}
    assert (other.library / "posted/R/posted.rdb").exists()


# 1.2.2 cannot read the description of a package of R under Python 3.
@pytest.mark.parametrize("version", [it for it in versions() if it != "1.2.2"][::2])
def test_what_anaconda_client_uploads_is_installed(server, account, r, tmp_path, version):
    login = "r" + version.replace(".", "-")
    anaconda = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version,
                        tmp_path / "anaconda", server.url + "/api")
    anaconda.login(account(login), stdin="y\n").ok()
    path = tmp_path / "sent_1.2.tar.gz"
    path.write_bytes(cran.source("sent", "1.2", Depends="R (>= 3.5),\n  stats"))
    said = anaconda("upload", path).ok()
    assert f"{server.url}/cran/{login}" in said.text
    anaconda("show", f"{login}/sent/1.2").ok().says("sent_1.2.tar.gz")
    r(f'install("sent", repos = "{server.url}/cran/{login}")').ok()
    assert r.installed() == {"sent": "1.2"}
