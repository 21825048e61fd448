"""The unmodified anaconda-client, old and new: what its users do, and what they are told."""
import hashlib
import itertools
import re

import pytest

from support import channel, notebooks, packages, secrets
from support.anaconda import Anaconda, versions
from support.proxy import Proxy
from support.publish import Upload
from support.venvs import find_venv

ALL = versions()
NEWEST = ALL[-1]
NUMBERS = itertools.count()


@pytest.fixture(params=ALL)
def anaconda(request, server, tmp_path):
    version = request.param
    return Anaconda(find_venv(f".venv-anaconda-client-{version}"), version, tmp_path / "home",
                    server.url + "/api")


@pytest.fixture
def user(anaconda, account):
    """The account of this version: versions do not disturb each other."""
    return account("u" + "-".join(map(str, anaconda.version)))


@pytest.fixture
def signed_in(anaconda, user):
    login(anaconda, user)
    return anaconda


def login(anaconda, user):
    """Hosts of equal names replace each other's token: the client asks, and the answer is y."""
    anaconda.login(user, stdin="y\n").ok()
    assert anaconda.token_files()


def real(test_data, name):
    found = sorted((test_data / "conda").rglob(name))
    assert found, name
    return found[0]


# --- login, whoami, logout --------------------------------------------------------------------


def test_login_whoami_logout(anaconda, user):
    said = anaconda("whoami").ok()
    assert "Anonymous User" in said.text
    login(anaconda, user)
    anaconda("whoami").ok().says(user.login)
    assert user.email not in anaconda("whoami").text
    anaconda("logout").ok().says("logout successful")
    assert "Anonymous User" in anaconda("whoami").text


def test_a_wrong_password_is_told(anaconda, user):
    said = anaconda.login(user, password="wrong-password")
    assert said.code == 1
    said.says("Invalid Username password combination")
    assert not anaconda.token_files()


def test_a_second_login_of_the_same_machine_replaces_the_token(anaconda, user, server):
    login(anaconda, user)
    first = anaconda.token_files()[0].read_text().strip()
    for path in anaconda.token_files():
        path.unlink()
    said = anaconda.login(user, stdin="y\n").ok()
    said.says("already exists|already logged in|Would you like|authentication")
    second = anaconda.token_files()[0].read_text().strip()
    assert first != second
    server.client(token=first).get("/api/user").expect(401)
    anaconda("whoami").ok().says(user.login)


def test_logout_with_a_dead_token_is_successful(signed_in, server):
    token = signed_in.token_files()[0].read_text().strip()
    server.client(token=token).delete("/api/authentications").expect(201)
    signed_in("logout").ok().says("logout successful")
    assert not signed_in.token_files()


def test_tokens_are_made_and_told_when_their_name_is_taken(signed_in, user, server):
    def create(name):
        return signed_in("auth", "--create", "--name", name, "--scopes", "api:read", "--max-age",
                         "3600", "--out", "token.txt", stdin=user.password + "\n")
    create("ci token").ok()
    token = secrets.remember((signed_in.home / "token.txt").read_text().strip())
    client = server.client(token=token)
    client.get("/api/user").expect(200)
    client.post(f"/api/package/{user.login}/x", {"public": True}).expect(403)
    create("ci token").fails("ci token", "exists")
    signed_in("auth", "--list").ok().says("ci token", "api:read")
    signed_in("auth", "--remove", "ci token").ok()
    client.get("/api/user").expect(401)


def said_lines(said):
    """What it prints, but for the address that it uses, and for how it asks for the password."""
    return [line.rstrip() for line in (said.out + said.err).splitlines()
            if line.strip() and not re.match(r"Using Anaconda|Please re-enter|Password:", line)]


def make_token(anaconda, user, *words):
    """By `auth --create`, which prints the token and nothing else."""
    said = anaconda("auth", "--create", *words, stdin=user.password + "\n").ok()
    assert re.fullmatch(r"tr-[A-Za-z0-9]{46}", said.out.strip()), said.out
    return secrets.remember(said.out.strip())


def listed(anaconda, *words):
    """The rows of `auth --list`: name, address, end, and scopes, which have a line each."""
    rows = []
    for line in said_lines(anaconda("auth", "--list", *words).ok()):
        number, *cells = [cell.strip() for cell in line.split("|")]
        if number.isdigit():
            name, address, _host, end, scopes = cells
            rows.append((name, address, end, scopes))
        elif cells and not number:
            rows[-1] = (*rows[-1][:3], f"{rows[-1][3]} {cells[-1]}")
    return rows


def organization_of(user, server):
    name = "org-" + user.login
    client = user.by_session()
    if server.client().get(f"/api/user/{name}").status == 404:
        client.post("/api/v1/organizations", {"login": name}).expect(201)
    return name


def test_list_scopes_prints_each_with_what_it_is_for(signed_in, anonymous):
    lines = said_lines(signed_in("auth", "--list-scopes").ok())
    scopes = anonymous.get("/api/scopes").expect(200).json()
    printed = [line for name in sorted(scopes) for line in (name, f"  {scopes[name]}")]
    assert lines[:len(printed)] == printed
    assert lines[len(printed):] == [
        "Examples", "To allow access to only conda downloads from your account you can run:",
        "    anaconda auth --create --scopes 'repos conda:download'",
        "To allow full access to your account:", "    anaconda auth --create --scopes 'all'"]


def test_auth_makes_lists_tells_and_removes_tokens(anaconda, account, server):
    user = account(f"auth{next(NUMBERS)}")
    login(anaconda, user)
    own = listed(anaconda)[0]
    assert re.fullmatch(r"binstar_client:.+", own[0]) and own[1:] == (
        "127.0.0.1", "364 days", "NO_SCOPE")
    make_token(anaconda, user, "--name", "N", "--scopes", "repos conda:download")
    strong = make_token(anaconda, user, "--name", "S", "--strength", "strong", "--max-age", "3600")
    make_token(anaconda, user, "--name", "W", "--strength", "weak", "--scopes", "conda:upload",
               "--scopes", "api:read")
    assert listed(anaconda) == [
        ("N", "127.0.0.1", "364 days", "conda:download repos"),
        ("S", "127.0.0.1", "59 minutes", "NO_SCOPE"),
        ("W", "127.0.0.1", "364 days", "api:read conda:upload"), own]
    session = user.by_session().get("/api/authentications").json()
    number = {item["application"]: item["id"] for item in session}
    assert said_lines(anaconda("auth", "--info").ok()) == [
        f"Name: {own[0]}", f"Id: {number[own[0]]}"]
    told = said_lines(anaconda("-t", strong, "auth", "--info").ok())
    assert told[-2:] == ["Name: S", f"Id: {number['S']}"]
    day = {item["application"]: item["expires"] for item in session}["S"][:10]
    if anaconda.version >= (1, 6):  # older ones do not look for it
        assert told[:-2] == [f'[WARNING] Token warning: the access token "S" expires on {day} (UTC): '
                             "make another one and use it instead"]
    assert said_lines(anaconda("auth", "-r", "N").ok()) == ["Removed token N"]
    again = anaconda("auth", "-r", "N")
    again.fails(r"\('there is no token named \"N\"', 404\)")
    assert [row[0] for row in listed(anaconda)] == ["S", "W", own[0]]


def test_auth_refuses_what_is_wrong(signed_in, user):
    make_token(signed_in, user, "--name", "taken", "--scopes", "api:read")
    for words, text in ((("taken", "api:read"), "('a token named \"taken\" exists already', 400)"),
                        (("new", "nonsense"), "('scope \"nonsense\" is not known; "
                         "GET /api/scopes lists all', 422)")):
        said = signed_in("auth", "--create", "--name", words[0], "--scopes", words[1],
                         stdin=user.password + "\n")
        assert said.code == 1 and said.out.strip() == ""
        assert said_lines(said)[-1].endswith(text)
    signed_in("auth", "-r", "taken").ok()


def test_auth_for_an_organization(signed_in, user, server):
    organization = organization_of(user, server)
    token = make_token(signed_in, user, "-o", organization, "--name", "O", "--scopes",
                       "repos conda:download")
    assert "O" not in [row[0] for row in listed(signed_in)]
    path = f"/api/authentications/org/{organization}"
    theirs = user.by_session().get(path).expect(200).json()
    assert [(it["application"], it["scopes"]) for it in theirs] == [
        ("O", ["conda:download", "repos"])]
    client = server.client(token=token)
    client.get(f"/conda/{organization}/noarch/repodata.json").expect(200)
    client.get("/api/user/orgs").expect(403)
    assert said_lines(signed_in("auth", "-r", "O", "-o", organization).ok()) == ["Removed token O"]
    client.get(f"/conda/{organization}/noarch/repodata.json").expect(401)
    signed_in("auth", "-r", "O", "-o", organization).fails("there is no token named")


# --- upload -----------------------------------------------------------------------------------


def test_upload_of_both_formats_in_one_call(signed_in, user, test_data, anonymous):
    files = [real(test_data, "mock-2.0.0-py37_1000.tar.bz2"),
             real(test_data, "conda-index-pkg-a-1.0-pyhed9eced_1.tar.bz2")]
    if signed_in.version >= (1, 6):
        files.append(real(test_data, "mock-2.0.0-py37_1000.conda"))
    signed_in("upload", *files).ok().says("[Uu]pload complete|conda located at|located at")
    for path in files:
        package = packages.describe(path)
        listed = channel.listed(anonymous, f"/conda/{user.login}", package.subdir)
        assert listed[path.name]["sha256"] == package.sha256
        body = anonymous.get(f"/conda/{user.login}/{package.basename}").expect(200).body
        assert hashlib.sha256(body).hexdigest() == package.sha256


def test_upload_with_labels(signed_in, user, tiny, anonymous):
    path = tiny("labelled", extension=".tar.bz2")
    signed_in("upload", "-l", "dev", "-l", "nightly/today", path).ok()
    for label in ("dev", "nightly/today"):
        assert path.name in channel.filenames(
            anonymous, f"/conda/{user.login}/label/{label}", "noarch")
    assert path.name not in channel.filenames(anonymous, f"/conda/{user.login}", "noarch")


def test_a_duplicate_is_told(signed_in, user, tiny):
    path = tiny("twice", extension=".tar.bz2")
    signed_in("upload", path).ok()
    said = signed_in("upload", path)
    said.fails("already exists|Conflict")
    signed_in("whoami").ok()


def test_force_replaces(signed_in, user, tmp_path, anonymous):
    first = packages.make(tmp_path / "1", packages.index_of("forced"), {"x": b"1"}, ".tar.bz2")
    second = packages.make(tmp_path / "2", packages.index_of("forced"), {"x": b"2"}, ".tar.bz2")
    signed_in("upload", first).ok()
    signed_in("upload", "--force", second).ok()
    record = channel.listed(anonymous, f"/conda/{user.login}", "noarch")[second.name]
    assert record["sha256"] == packages.sha256_of(second)


def test_skip_existing_goes_on_with_the_others(signed_in, user, tiny, anonymous):
    if signed_in.version < (1, 7, 2):
        pytest.skip("this version has no --skip-existing")
    old, new = tiny("old", extension=".tar.bz2"), tiny("zzz-new", extension=".tar.bz2")
    signed_in("upload", old).ok()
    signed_in("upload", "--skip-existing", old, new).ok()
    assert new.name in channel.filenames(anonymous, f"/conda/{user.login}", "noarch")


def test_upload_without_login_is_told(anaconda, tiny):
    said = anaconda("upload", tiny("anon", extension=".tar.bz2"))
    said.fails("[Uu]nauthorized|sign in first|Authentication|authentication|log ?in|Sign")


def test_upload_for_somebody_else_is_told(signed_in, account, tiny, anonymous):
    account("victim")
    said = signed_in("upload", "-u", "victim", tiny("gift", extension=".tar.bz2"))
    said.fails("may not|not allowed|permission")
    anonymous.get("/api/package/victim/gift").expect(404)


def test_upload_for_nobody_is_told(signed_in, tiny):
    said = signed_in("upload", "-u", "no-such-user", tiny("gift", extension=".tar.bz2"))
    assert said.code == 1
    said.says("does not exist|not found|no account|no user|may not|no-such-user")


def test_a_broken_file_is_told_and_leaves_nothing(signed_in, user, tmp_path, anonymous):
    """Metadata that the client can read, in an archive that the server refuses."""
    path = packages.make(tmp_path, packages.index_of("broken", depends=["python >=,"]),
                         extension=".tar.bz2")
    said = signed_in("upload", path)
    said.fails("depends")
    anonymous.get(f"/conda/{user.login}/noarch/{path.name}").expect(404)
    if signed_in.version >= (1, 12):
        anonymous.get(f"/api/package/{user.login}/broken").expect(404)


def test_what_another_job_publishes_stays_when_this_one_cleans_up(anaconda, user, server, tmp_path,
                                                                  tiny, anonymous):
    """Between the client's look at its empty release and its removal, which it sends all the same."""
    if anaconda.version < (1, 12):
        pytest.skip("this version does not clean up")
    path = packages.make(tmp_path, packages.index_of("beside", depends=["python >=,"]),
                         extension=".tar.bz2")
    theirs = Upload(user.by_token("of the other job"), user.login,
                    packages.describe(tiny("beside", build="1")))
    proxy = Proxy("127.0.0.1", int(server.url.rpartition(":")[2]))
    client = Anaconda(anaconda.program[0].parent.parent, ".".join(map(str, anaconda.version)),
                      tmp_path / "beyond the proxy", proxy.url + "/api")
    try:
        login(client, user)
        proxy.call(begin_when_staged(theirs, proxy), methods=("POST", "DELETE"))
        said = client("upload", path)
    finally:
        proxy.close()
    said.fails("depends")       # why it failed, and not what came of cleaning up
    assert f"DELETE /api/release/{user.login}/beside/1.0" in proxy.seen
    assert not any(it.startswith("DELETE /api/package") for it in proxy.seen)
    shown = anonymous.get(f"/api/package/{user.login}/beside").expect(200).json()
    assert [it["basename"] for it in shown["files"]] == [theirs.package.basename]
    anonymous.get(f"/conda/{user.login}/{theirs.package.basename}").expect(200)


def begin_when_staged(upload, proxy):
    """The other job is ready to commit when the first commits, and commits before that removes."""
    def work():
        method, _, target = proxy.seen[-1].partition(" ")
        if target.startswith("/api/commit/"):
            upload.stage()
            upload.send()
        elif method == "DELETE" and "commit" not in upload.answers:
            upload.commit()
    return work


# --- organizations ----------------------------------------------------------------------------


@pytest.fixture
def acme(user):
    """A new organization of the user's."""
    login = f"acme-{user.login}-{next(NUMBERS)}"
    user.by_token("founder").post("/api/v1/organizations", {"login": login}).expect(201)
    return login


def test_upload_for_an_organization(signed_in, acme, tiny, anonymous, account):
    path = tiny("ours", extension=".tar.bz2")
    signed_in("upload", "-u", acme, path).ok()
    assert path.name in channel.listed(anonymous, f"/conda/{acme}", "noarch")
    stranger = account("stranger").by_token("of a stranger")
    stranger.delete(f"/api/package/{acme}/ours").expect(403)


def test_groups(signed_in, acme, account, tiny):
    if signed_in.version < (1, 3):
        pytest.skip("this version fails at its own listings of groups")
    helper, devs = account("helper"), f"{acme}/devs"
    signed_in("upload", "-u", acme, tiny("tool", extension=".tar.bz2")).ok()
    signed_in("groups", "add", devs, "--perms", "write").ok()
    signed_in("groups", "add_member", f"{devs}/{helper.login}").ok()
    signed_in("groups", "add_package", f"{devs}/tool").ok()
    signed_in("groups", "members", devs).ok().says(helper.login)
    signed_in("groups", "packages", devs).ok().says("tool")
    signed_in("groups", "show", acme).ok().says("devs", "owners")
    signed_in("groups", "show", devs).ok().says("write")
    helping = helper.by_token(f"of {acme}")
    helping.post(f"/api/release/{acme}/tool/9.0", {}).expect(200)
    signed_in("groups", "remove_package", f"{devs}/tool").ok()
    helping.post(f"/api/release/{acme}/tool/9.1", {}).expect(403)
    signed_in("groups", "remove_member", f"{devs}/{helper.login}").ok()
    assert helper.login not in signed_in("groups", "members", devs).ok().text


CLASSES = {401: "Unauthorized", 403: "BinstarError", 404: "NotFound", 409: "Conflict"}


def failure(anaconda, message, status):
    """The line in which a version tells what the server said."""
    title = CLASSES[status] if anaconda.version < (1, 3) else "ERROR"
    return f"[{title}] ({message!r}, {status})"


def groups(anaconda, action, spec, *words):
    """Which the oldest version wants with a colon before the group."""
    return anaconda("groups", action,
                    spec.replace("/", "/:", 1) if anaconda.version < (1, 3) else spec, *words)


def test_what_groups_refuses_is_told_in_the_servers_words(signed_in, user, acme, account):
    """In every version the same; an organization that is not there as one of others."""
    me, theirs = user.login, f"theirs-{user.login}"
    helper, other = account("helper").login, account(f"other-{user.login}")
    other.by_token("founder").post("/api/v1/organizations", {"login": theirs}).expect(201)
    groups(signed_in, "add", f"{acme}/devs").ok()
    no_group = f'there is no group "{acme}/none"'
    for action, spec, message, status in (
            ("show", "nowhere", f'"{me}" may not see the groups of "nowhere"', 403),
            ("show", theirs, f'"{me}" may not see the groups of "{theirs}"', 403),
            ("show", f"{acme}/none", no_group, 404),
            ("members", f"{acme}/none", no_group, 404),
            ("packages", f"{acme}/none", no_group, 404),
            ("add", "nowhere/devs", f'"{me}" may not administer "nowhere"', 403),
            ("add", f"{theirs}/devs", f'"{me}" may not administer "{theirs}"', 403),
            ("add", f"{me}/devs", f'"{me}" is a user, not an organization', 404),
            ("add_member", f"{acme}/none/{helper}", no_group, 404),
            ("add_member", f"{acme}/devs/nobody", 'there is no account "nobody"', 404),
            ("add_member", f"{theirs}/owners/{helper}", f'"{me}" may not administer "{theirs}"', 403),
            ("remove_member", f"{acme}/owners/{me}",
             f'"{acme}" would be left without an owner: add another one first', 409),
            ("add_package", f"{acme}/devs/none", f'there is no package "{acme}/none"', 404),
            ("remove_package", f"{acme}/devs/none", f'there is no package "{acme}/none"', 404)):
        said = groups(signed_in, action, spec)
        assert said.code == 1, (action, spec, said)
        assert said_lines(said) == [failure(signed_in, message, status)], (action, spec)
    said = groups(signed_in, "add", f"{acme}/devs", "--perms", "admin")
    assert (said.code, said_lines(said)) == (1, [
        failure(signed_in, 'group "devs" exists already, with permission read', 409)])
    groups(signed_in, "remove_member", f"{acme}/devs/{helper}").ok()    # who was no member


def test_groups_without_login_is_told(anaconda, acme):
    said = groups(anaconda, "add", f"{acme}/devs")
    assert (said.code, said_lines(said)[-1]) == (
        1, failure(anaconda, "sign in first: this needs an account", 401))


def test_config_and_what_comes_of_a_wrong_address(signed_in, server, acme):
    """The settings are the client's own affair; what they lead to at the server is told."""
    def config(*words):
        return signed_in("config", *words).ok()
    assert said_lines(config("--get", "url")) == [f"{server.url}/api"]
    assert said_lines(config("--get", "none")) == ["The value of 'none' is not set."]
    assert said_lines(config("--remove", "none")) == ["[ERROR] Key none does not exist"]
    assert said_lines(config("--set", "none", "x")) == (
        [] if signed_in.version < (1, 3) else ['[WARNING] "none" is not a known configuration key'])
    config("--show").says(f"url: '?{server.url}/api")
    assert said_lines(config("--set", "url", f"{server.url}/api/nowhere")) == []
    token = signed_in.token_files()[0].read_text().strip()
    said = signed_in("-t", token, "groups", "show", acme)
    assert (said.code, said_lines(said)) == (1, [
        failure(signed_in, "there is nothing at this address", 404)])
    assert said_lines(config("--set", "url", f"{server.url}/api")) == []
    signed_in("groups", "show", acme).ok().says("owners")


def test_tokens_of_an_organization_are_removed(signed_in, user, acme):
    made = user.by_password().post("/api/authentications", {"note": "ci", "user": acme})
    secrets.remember(made.expect(200).json()["token"])
    signed_in("auth", "--remove", "ci", "-o", acme).ok()
    assert user.by_token("a look").get(f"/api/authentications/org/{acme}").json() == []


def test_collaborators(signed_in, user, account, tiny):
    helper = account("helper")
    signed_in("upload", tiny("shared", extension=".tar.bz2")).ok()
    name = f"{user.login}/shared"
    signed_in("package", "--add-collaborator", helper.login, name).ok()
    signed_in("package", "--list-collaborators", name).ok().says(helper.login)
    helper.by_token(f"of {user.login}").post(f"/api/release/{name}/9.0", {}).expect(200)


# --- private packages -------------------------------------------------------------------------


@pytest.fixture
def elsewhere(anaconda, server, account, tmp_path):
    """elsewhere(login): the same version at the machine of somebody else; None: of a visitor."""
    def make(login):
        version = ".".join(map(str, anaconda.version))
        it = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version,
                      tmp_path / f"home of {login}", server.url + "/api")
        if login:
            it.login(account(login), stdin="y\n").ok()
        return it
    return make


def make_private(signed_in, name):
    signed_in("package", "--create", "--private", name).ok().says("Package created")


def test_upload_of_a_private_package(signed_in, user, tiny, anonymous):
    path = tiny("hidden", extension=".tar.bz2")
    if signed_in.version < (1, 6, 3):       # which has no --private
        make_private(signed_in, f"{user.login}/hidden")
        signed_in("upload", path).ok()
    else:
        signed_in("upload", "--private", path).ok()
    anonymous.get(f"/api/package/{user.login}/hidden").expect(404)
    anonymous.get(f"/conda/{user.login}/noarch/{path.name}").expect(404)
    assert path.name not in channel.listed(anonymous, f"/conda/{user.login}", "noarch")
    owner = user.by_token(f"a look {next(NUMBERS)}")
    assert owner.get(f"/api/package/{user.login}/hidden").expect(200).json()["access"] == "private"
    assert path.name in channel.listed(owner, f"/conda/{user.login}", "noarch")
    signed_in("whoami").ok().says(user.login)


@pytest.mark.parametrize("option, access", [(["--private"], "private"), (["--personal"], "public"),
                                            ([], "public")])
def test_an_access_is_said_when_a_package_is_made(signed_in, user, anonymous, option, access):
    """--personal is said to nobody: the client sends what it does without, and the server's habit
    counts."""
    name = f"made{'-'.join(option)}".replace("--", "-")
    signed_in("package", "--create", *option, f"{user.login}/{name}").ok().says("Package created")
    owner = user.by_token(f"a look {next(NUMBERS)}")
    shown = owner.get(f"/api/package/{user.login}/{name}").expect(200).json()
    assert (shown["access"], shown["public"]) == (access, access == "public")
    anonymous.get(f"/api/package/{user.login}/{name}").expect(404 if access == "private" else 200)


def test_show_and_download_of_a_private_package(signed_in, user, tiny, elsewhere, account):
    """By its owner, by somebody who was let in; to others it is told as what is not there."""
    path, name = tiny("quiet", extension=".tar.bz2"), f"{user.login}/quiet"
    make_private(signed_in, name)
    signed_in("upload", path).ok()
    helper = f"helper-{user.login}"
    account(helper)
    signed_in("package", "--add-collaborator", helper, name).ok()
    signed_in("package", "--list-collaborators", name).ok().says(helper)
    signed_in("show", user.login).ok().says(name)
    for client in (signed_in, elsewhere(helper)):
        client("show", name).ok().says("quiet", "private", "1\\.0")
        client("show", f"{name}/1.0").ok().says("quiet-1\\.0-0")
        (client.home / "noarch").mkdir()
        said = client("download", name)
        if client.version >= (1, 3):
            said.ok()
        assert packages.sha256_of(client.home / "noarch" / path.name) == packages.sha256_of(path)
    for client in (elsewhere(f"stranger-{user.login}"), elsewhere(None)):
        assert name not in client("show", user.login).ok().text
        for command in ("show", "download"):
            hidden = client(command, name)
            absent = client(command, f"{user.login}/empty")
            assert hidden.code == absent.code
            assert hidden.text == absent.text.replace("empty", "quiet")
        client("package", "--add-collaborator", helper, name).fails("may not|sign in|[Uu]nauthori")
        assert not list(client.home.rglob(path.name))


def test_a_member_uploads_a_private_package_for_an_organization(signed_in, user, acme, account, tiny,
                                                                elsewhere, anonymous):
    writer, reader = f"writer-{user.login}", f"reader-{user.login}"
    for login, group in ((writer, "write"), (reader, "read")):
        account(login)
        founder = user.by_token("of the groups")
        founder.post(f"/api/group/{acme}/{group}", {"perms": group, "all_packages": True}).expect(204)
        founder.request("PUT", f"/api/group/{acme}/{group}/members/{login}").expect(204)
    path, theirs = tiny("ours", extension=".tar.bz2"), elsewhere(writer)
    if theirs.version < (1, 6, 3):
        make_private(theirs, f"{acme}/ours")
        theirs("upload", "-u", acme, path).ok()
    else:
        theirs("upload", "--private", "-u", acme, path).ok()
    readers = elsewhere(reader)
    readers("show", f"{acme}/ours").ok().says("private")
    readers("upload", "-u", acme, tiny("ours", "2.0", extension=".tar.bz2")).fails(
        "may not|not allowed|permission")
    assert path.name in channel.listed(account(reader).by_token("a look"), f"/conda/{acme}", "noarch")
    assert path.name not in channel.listed(anonymous, f"/conda/{acme}", "noarch")


# --- show, download, remove -------------------------------------------------------------------


@pytest.fixture
def with_package(signed_in, tmp_path):
    path = packages.make_tiny(tmp_path / "p", "sample", "1.0", extension=".tar.bz2")
    other = packages.make_tiny(tmp_path / "p", "sample", "2.0", extension=".tar.bz2")
    signed_in("upload", "--force", path, other).ok()
    return path


def test_show(signed_in, user, with_package):
    login = user.login
    signed_in("show", login).ok().says(f"{login}/sample", "2\\.0")
    signed_in("show", f"{login}/sample").ok().says("sample", "1\\.0", "2\\.0")
    signed_in("show", f"{login}/sample/1.0").ok().says("sample-1\\.0-0\\.tar\\.bz2")
    said = signed_in("show", f"{login}/sample/1.0/noarch/sample-1.0-0.tar.bz2").ok()
    said.says("sample-1\\.0-0\\.tar\\.bz2", packages.describe(with_package).md5)
    assert user.email not in said.text


def test_show_of_unknown_things_is_told(signed_in, user):
    for spec in ("no-such-user", f"{user.login}/no-such-package", f"{user.login}/none/1.0",
                 f"{user.login}/none/1.0/noarch/none-1.0-0.conda"):
        signed_in("show", spec).fails("no-such|not found|does not exist|none|no ")


def test_show_needs_no_login(anaconda, user, server, account, publish, tiny):
    publish("shower", tiny("open"))
    anaconda("show", "shower").ok().says("shower/open")
    anaconda("show", "shower/open").ok()


def test_download(signed_in, user, with_package):
    folder = signed_in.home / "noarch"  # which the oldest does not make itself
    folder.mkdir()
    said = signed_in("download", f"{user.login}/sample")
    if signed_in.version >= (1, 3):  # older ones then look for a notebook in each file
        said.ok()
    assert {path.name for path in folder.iterdir()} == {
        "sample-1.0-0.tar.bz2", "sample-2.0-0.tar.bz2"}
    got, sent = (packages.sha256_of(path) for path in (folder / with_package.name, with_package))
    assert got == sent


def test_download_of_unknown_packages_is_told(signed_in, user):
    said = signed_in("download", f"{user.login}/no-such-package")
    said.says("no-such-package|not found|Not Found")


def test_remove_file_release_and_package(signed_in, user, with_package, anonymous):
    login, where = user.login, f"/conda/{user.login}"
    signed_in("remove", "-f", f"{login}/sample/1.0/noarch/sample-1.0-0.tar.bz2").ok()
    assert "sample-1.0-0.tar.bz2" not in channel.filenames(anonymous, where, "noarch")
    assert "sample-2.0-0.tar.bz2" in channel.filenames(anonymous, where, "noarch")
    signed_in("remove", "-f", f"{login}/sample/2.0").ok()
    assert "sample-2.0-0.tar.bz2" not in channel.filenames(anonymous, where, "noarch")
    signed_in("remove", "-f", f"{login}/sample").ok()
    anonymous.get(f"/api/package/{login}/sample").expect(404)
    signed_in("remove", "-f", f"{login}/sample").ok()


def test_removing_what_others_own_is_told(signed_in, publish, tiny, anonymous):
    publish("owner", tiny("treasure"))
    said = signed_in("remove", "-f", "owner/treasure")
    assert said.code == 1
    said.says("may not|permission")
    anonymous.get("/api/package/owner/treasure").expect(200)


def test_removing_without_login_is_told(anaconda, publish, tiny, anonymous):
    publish("owner", tiny("treasure2"))
    assert anaconda("remove", "-f", "owner/treasure2").code == 1
    anonymous.get("/api/package/owner/treasure2").expect(200)


def test_labels_are_listed(signed_in, user, tiny):
    signed_in("upload", "-l", "main", "-l", "dev", tiny("both", extension=".tar.bz2")).ok()
    said = signed_in("label", "--list", "-o", user.login)
    said.ok().says("main", "dev")


# --- the newest, as a plugin of `anaconda` ----------------------------------------------------


@pytest.mark.parametrize("version", [it for it in ALL if it.startswith("1.1") and it >= "1.14"])
def test_the_plugin_form(server, account, tmp_path, tiny, anonymous, version):
    anaconda = Anaconda(find_venv(f".venv-anaconda-client-{version}"), version, tmp_path / "home",
                        server.url + "/api", plugin=True)
    user = account("plugin" + version.replace(".", "-"))
    anaconda.login(user, stdin="y\n").ok()
    path = tiny("plugged")
    anaconda("upload", path).ok()
    assert path.name in channel.listed(anonymous, f"/conda/{user.login}", "noarch")
    said = anaconda("upload", path)
    assert said.code == 1
    said.says("already exists|Conflict")
    anaconda("remove", "-f", f"{user.login}/plugged").ok()
    anaconda("logout").ok()
    said = anaconda("upload", path)
    assert said.code == 1


def test_a_server_that_is_down_is_told(anaconda, user):
    anaconda.url = "http://127.0.0.1:9/api"
    (anaconda.home / "config" / "data" / "config.yaml").write_text("url: http://127.0.0.1:9/api\n")
    assert anaconda("login", "--username", "x", "--password", "y").code == 1


# --- notebooks and environments ----------------------------------------------------------------


def client_of(server, version, folder):
    return Anaconda(find_venv(f".venv-anaconda-client-{version}"), version, folder / "home",
                    server.url + "/api")


@pytest.mark.once
def test_old_clients_publish_notebooks(server, account, tmp_path):
    """1.2.2, of the time when there were notebooks on the server: both commands, and download."""
    anaconda, user = client_of(server, "1.2.2", tmp_path), account("nora")
    login(anaconda, user)
    (tmp_path / "home" / "My Plot.ipynb").write_bytes(notebooks.PLOT)
    anaconda("upload", "--no-progress", "My Plot.ipynb").ok()
    web = server.client()
    package = web.get("/api/package/nora/my-plot").expect(200).json()
    assert package["package_types"] == ["ipynb"] and package["summary"] == "A plot"
    assert [it["basename"] for it in package["files"]] == ["My Plot.ipynb"]
    version = package["latest_version"]
    assert re.fullmatch(r"\d{4}\.\d\d\.\d\d\.\d{4}", version)
    shown = web.get(f"/api/v1/notebooks/nora/my-plot/{version}/My%20Plot.ipynb").expect(200).json()
    assert shown["title"] == "A plot"
    anaconda("notebook", "upload", "-n", "other", "-v", "7", "My Plot.ipynb").ok()
    assert web.get("/api/dist/nora/other/7/My%20Plot.ipynb").json()["type"] == "ipynb"
    anaconda("notebook", "download", "-o", "got", "nora/other").ok()
    assert (tmp_path / "home" / "got" / "My Plot.ipynb").read_bytes() == notebooks.PLOT
    (tmp_path / "home" / "broken.ipynb").write_text('{"nbformat": 4, "cells": [3]}')
    said = anaconda("upload", "--no-progress", "broken.ipynb")
    assert said.code == 1 and "cell 1 is a number, not an object" in said.text


@pytest.mark.once
def test_clients_publish_environments_until_they_do_not(server, account, tmp_path):
    """1.13.0 is the last that is tried here; the package has the name of the environment."""
    anaconda, user = client_of(server, "1.13.0", tmp_path), account("edna")
    login(anaconda, user)
    text = "name: lab\nchannels: [conda-forge]\ndependencies: [python=3.12]\n"
    (tmp_path / "home" / "environment.yml").write_text(text)
    anaconda("upload", "--no-progress", "environment.yml").ok()
    web = server.client()
    package = web.get("/api/package/edna/lab").expect(200).json()
    assert package["package_types"] == ["env"] and package["summary"] == "Environment file"
    version = package["latest_version"]
    assert re.fullmatch(r"\d{4}\.\d\d\.\d\d\.\d{6}", version)
    told = web.get(f"/api/v1/environments/edna/lab/{version}/environment.yml").expect(200).json()
    assert [entry["spec"] for entry in told["entries"]] == ["python=3.12"]
    anaconda("download", "-o", "got", "edna/lab").ok()
    (tmp_path / "home" / "environment.yml").write_text("name: lab\ndependencies: ['<b>']\n")
    anaconda("upload", "--no-progress", "environment.yml").fails("line 2: match spec")
    assert web.get("/api/package/edna/lab").json()["latest_version"] == version
