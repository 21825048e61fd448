"""Fixtures of all black-box suites. One server for each test module, which must end cleanly."""
import itertools
from dataclasses import dataclass

import pytest

from support import packages, secrets, stores
from support.publish import Upload
from support.server import BINARY, Server
from support.site import Site
from support.venvs import find_venv


@dataclass
class Account:
    login: str
    password: str
    email: str
    server: Server
    superuser: bool = False

    def token(self, name="test", **options):
        """A new access token, through the API; an older one of that name dies."""
        body = {"scopes": None, "note": name, "note_url": None, "hostname": "test", "user": None,
                "max-age": None, "strength": "strong", "fail-if-exists": False, **options}
        answer = self.by_password().post("/api/authentications", body).expect(200)
        return secrets.remember(answer.json()["token"])

    def by_password(self):
        """As `anaconda login` calls: name and password, good for making tokens only."""
        return self.server.client(basic=(self.login, self.password))

    def by_token(self, name="test", **options):
        return self.server.client(token=self.token(name, **options))

    def by_session(self):
        return self.server.client(cookie=self.session())

    def session(self):
        """Signs in; the value of the cookie."""
        answer = self.server.client().post(
            "/api/v1/session", {"login": self.login, "password": self.password}).expect(200)
        return secrets.remember(cookie_of(answer))


def cookie_of(answer):
    for cookie in answer.headers.get_all("Set-Cookie") or []:
        name, _, rest = cookie.partition("=")
        if name == "terrarium_session":
            return rest.split(";")[0]
    raise AssertionError("no session cookie")


def make_account(server, login, superuser=False):
    password = secrets.password()
    words = ["admin", "user", "create", login, "--email", f"{login}@example.org",
             "--password-stdin"]
    if superuser:
        words.append("--superuser")
    server.command(*words, stdin=password + "\n")
    return Account(login, password, f"{login}@example.org", server, superuser)


def pytest_collection_modifyitems(config, items):
    if items and not BINARY.exists():
        pytest.exit(f"{BINARY} is not built: run make", returncode=3)
    if stores.STORES != stores.EMBEDDED:
        once = [item for item in items if item.get_closest_marker("once")]
        items[:] = [item for item in items if item not in set(once)]
        config.hook.pytest_deselected(items=once)
    for item in items:
        marker = item.get_closest_marker("embedded")
        if marker and stores.STORES != stores.EMBEDDED:
            item.add_marker(pytest.mark.skip(reason=marker.args[0]))
    # Handed out one by one to several processes: the long ones first, lest one ends alone.
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """A running server with an empty data folder; .url is its address."""
    it = Server(tmp_path_factory.mktemp("server") / "data").start()
    yield it
    it.finish()
    stores.forget(it.data)


@pytest.fixture
def new_server(tmp_path):
    """Makes servers of a test's own: new_server(options=[...], env={...}), not yet started."""
    made, number = [], itertools.count()

    def make(**how):
        made.append(Server(how.pop("data", None) or tmp_path / f"data{next(number)}", **how))
        return made[-1]
    yield make
    for it in made:
        if it.running():
            it.kill()
        stores.forget(it.data)
        it.check_log()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """Three running nodes on one PostgreSQL and S3, without anything published."""
    it = Site(tmp_path_factory.mktemp("site")).start()
    yield it
    it.finish()


@pytest.fixture
def new_site(tmp_path):
    """Makes sites of a test's own: new_site(count=2, ...), not yet started."""
    made, number = [], itertools.count()

    def make(count=3, **how):
        made.append(Site(tmp_path / f"site{next(number)}", count, **how))
        return made[-1]
    yield make
    for it in made:
        it.abandon()


@pytest.fixture(scope="module")
def account(server):
    """account(login): the account of that login, made at first use."""
    made = {}

    def get(login, superuser=False):
        if login not in made:
            made[login] = make_account(server, login, superuser)
        return made[login]
    return get


@pytest.fixture(scope="module")
def token(account):
    """token(login): one access token of that account."""
    made = {}

    def get(login):
        if login not in made:
            made[login] = account(login).token("fixture")
        return made[login]
    return get


@pytest.fixture(scope="module")
def publish(server, token):
    """publish(owner, path): uploads one package; raises Refused. labels, subdir, data: optional."""
    def upload(owner, path, labels=(), subdir=None, data=None):
        client = server.client(token=token(owner))
        try:
            it = Upload(client, owner, packages.describe(path, subdir), list(labels), data)
            it.run()
            return it
        finally:
            client.close()
    return upload


@pytest.fixture(scope="module")
def publish_all(publish):
    """publish_all(owner, paths): uploads packages in order; the list of uploads."""
    return lambda owner, paths, **how: [publish(owner, path, **how) for path in paths]


@pytest.fixture
def anonymous(server):
    client = server.client()
    yield client
    client.close()


@pytest.fixture(scope="session")
def test_data():
    folder = packages.data_folder()
    if folder is None:
        pytest.skip("the folder of real packages is absent (TERRARIUM_TEST_DATA)")
    return folder


@pytest.fixture
def venv():
    """venv(name): the folder of a virtual environment of real clients, or skips."""
    return find_venv


@pytest.fixture
def tiny(tmp_path):
    """tiny(name, version, build, ...): the path of a new small package."""
    return lambda *words, **how: packages.make_tiny(tmp_path, *words, **how)
