"""Every route as every kind of caller: what is asked, and what came back."""
import itertools
import re
from dataclasses import dataclass

from support import cran, notebooks, packages, secrets
from support.publish import FORM_HEADERS, Plain, Upload, form_of
from support.wait import until

REFUSED = (401, 403, 404)  # and nothing was changed

# In the order of the columns of rights.tsv.
CALLERS = ["anonymous", "other", "owner", "superuser", "token", "reader", "channel", "expired",
           "unknown", "ended", "member", "writer", "admin", "collaborator", "limited"]
# Who is answered as somebody in another column.
LIKE = {"revoked": "expired", "suspended": "expired", "removed": "other"}
UNKNOWN = "tr-" + "A" * 46
# Files that come in one request: the field of a form that they are in; None: they are the body.
BROUGHT = {
    ("POST", "/api/v1/packages/{owner}/upload"): "file",
    ("PUT", "/api/v1/files/{owner}/{filename...}"): None,
    ("POST", "/api/v1/upload/{owner}"): "file",
    ("POST", "/api/v1/upload/{owner}/label/{label...}"): None,
    ("POST", "/api/channels/{owner}/upload/{conda_file}"): None,
    ("POST", "/api/channels/{owner}/files/"): "files",
    ("PUT", "/artifactory/{owner}/{rest...}"): None,
    ("PUT", "/conda/{owner}/{rest...}"): None,
    ("PUT", "/cran/{owner}/{rest...}"): None,
}
FAR = "2999-01-01T00:00:00+00:00"


@dataclass
class Staged:
    """What an Upload remembers of its first step, made elsewhere."""
    answer: dict

    def json(self):
        return self.answer


@dataclass
class Raw:
    """A body that is no JSON."""
    data: bytes
    headers: dict


class World:
    """An organization with things to read and remove, and callers of each kind."""

    def __init__(self, server, account, folder):
        self.server, self.folder, self.number = server, folder, itertools.count()
        self.account = account
        self.owner, self.other = account("alice"), account("bob")
        self.boss = account("boss", superuser=True)
        self.staff = {"member": account("mary"), "writer": account("will"),
                      "admin": account("adam"), "collaborator": account("colin")}
        self.guest = account("gina")
        self.barred = account("bruno")  # suspended, and let in again, and needed for nothing else
        self.spare = {it.login: it.session()
                      for it in (self.owner, self.other, self.boss, *self.staff.values())}
        self.founder = server.client(cookie=self.spare["alice"])
        self.founder.post("/api/v1/organizations", {"login": "acme"}).expect(201)
        for caller, perms in (("member", "read"), ("writer", "write"), ("admin", "admin")):
            self._group("acme", f"all-{perms}", perms, self.staff[caller], all_packages=True)
        self.kept = {}  # callers by kind
        self.uploader = server.client(token=self._token(self.owner, {}))
        self.expired = self._token(self.owner, {"max-age": 1})
        self.revoked = self._token(self.owner, {"note": "revoked"})
        self.founder.delete("/api/authentications/name/revoked").expect(201)
        self._shut_out("remy", "DELETE", "/api/group/acme/all-admin/members/remy")
        self.suspended = self._shut_out("sam", "PUT", "/api/v1/admin/users/sam/suspension")
        self.ended = self.owner.session()
        server.client(cookie=self.ended).delete("/api/v1/session").expect(204)
        until(lambda: server.client(token=self.expired).get("/api/user").status == 401,
              what="the end of a token")

    def _token(self, account, body):
        client = self.server.client(cookie=self.spare[account.login])
        answer = client.post("/api/authentications",
                             {"note": f"token {next(self.number)}", **body}).expect(200)
        return secrets.remember(answer.json()["token"])

    def _shut_out(self, login, method, path):
        """A token of somebody who may administer all packages until this is asked for."""
        account = self.account(login)
        self.spare[login] = account.session()
        token = self._token(account, {})
        self.founder.request("PUT", f"/api/group/acme/all-admin/members/{login}").expect(204)
        client = self.server.client(token=token)
        client.get("/api/groups/acme").expect(200)
        boss = self.server.client(cookie=self.spare["boss"])
        (boss if "/admin/" in path else self.founder).request(method, path).expect(204)
        return token

    def _group(self, organization, name, perms, *members, **more):
        path = f"/api/group/{organization}/{name}"
        self.founder.post(path, {"perms": perms, **more}).expect(204)
        for account in members:
            self.founder.request("PUT", f"{path}/members/{account.login}").expect(204)

    def client(self, caller):
        """A caller of a kind, with credentials that no route was yet called with that may end them."""
        if caller not in self.kept:
            self.kept[caller] = self._new_client(caller)
        return self.kept[caller]

    def _new_client(self, caller):
        make = self.server.client
        return {
            "anonymous": lambda: make(),
            "other": lambda: make(token=self._token(self.other, {})),
            "owner": lambda: make(cookie=self.owner.session()),
            "superuser": lambda: make(token=self._token(self.boss, {})),
            "token": lambda: make(token=self._token(self.owner, {})),
            "reader": lambda: make(token=self._token(self.owner, {"scopes": ["api:read"]})),
            "channel": lambda: make(token=self._token(self.owner, {"scopes": ["conda:download"]})),
            "expired": lambda: make(token=self.expired),
            "unknown": lambda: make(token=UNKNOWN),
            "ended": lambda: make(cookie=self.ended),
            "limited": lambda: make(token=self._token(
                self.owner, {"limits": {"packages": ["acme/elsewhere"]}})),
            "revoked": lambda: make(token=self.revoked),
            "suspended": lambda: make(token=self.suspended),
            "removed": lambda: make(token=self._token(self.account("remy"), {})),
            **{it: lambda it=it: make(token=self._token(self.staff[it], {})) for it in self.staff},
        }[caller]()

    def scopes(self):
        return sorted(self.server.client().get("/api/scopes").expect(200).json())

    def scoped(self, scope):
        """A caller with a token of the owner's that has one scope, likewise."""
        if ("scope", scope) not in self.kept:
            self.kept["scope", scope] = self.server.client(
                token=self._token(self.owner, {"scopes": [scope]}))
        return self.kept["scope", scope]

    def _brought(self, method, pattern, name):
        """A file that comes in one request: another version of a package that is there."""
        Upload(self.uploader, "acme", packages.describe(
            packages.make_tiny(self.folder, name))).run()
        self.founder.request("PUT", f"/api/packages/acme/{name}/collaborators/colin").expect(201)
        package = packages.make_tiny(self.folder, name, "2.0")
        data, field = package.read_bytes(), BROUGHT[method, pattern]
        rest = f"noarch/{package.name}"
        if pattern.startswith("/cran/"):
            rest, data = f"src/contrib/{name}_2.0.tar.gz", cran.source(name, "2.0")
        values = {"owner": "acme", "filename": package.name, "conda_file": package.name,
                  "rest": rest, "label": "dev"}
        body = (Raw(form_of((field, package.name, data)), FORM_HEADERS) if field else
                Raw(data, {"X-File-Name": package.name}))
        return re.sub(r"\{(\w+)(\.\.\.)?\}", lambda found: values[found.group(1)], pattern), body

    def _project(self, pattern, name):
        """The handle of an upload to a project, and a body for who goes on with it."""
        if pattern.endswith("/projects"):
            return None, {"name": name}
        body = {"basename": f"{name}.tar"}
        if pattern.endswith("/stage"):
            return None, body
        staged = self.uploader.post(f"/api/apps/acme/projects/{name}/stage", body).expect(200).json()
        Upload(self.uploader, "acme", Plain(name, "", f"{name}.tar"), data=b"project",
               answers={"stage": Staged(staged)}).send()
        return staged["dist_id"], {"revision_id": staged["dist_id"]}

    def _notice(self, status):
        """Any of this status: an account has a hundred at most."""
        found = self.founder.get(f"/api/acme/notices?status={status}&limit=1").expect(200).json()
        if found["items"]:
            return found["items"][0]["id"]
        return self.founder.post("/api/acme/notices", {
            "message": "made", "expires_at": FAR, "status": status}).expect(201).json()["id"]

    def ask(self, method, pattern, caller, access="public", target=None):
        """The answer of a request that would succeed for whoever has the right. target: of
        request(); else one of its own."""
        path, body = target or self.request(method, pattern, access)
        client = caller if hasattr(caller, "request") else self.client(caller)
        if (method, pattern, caller) == ("DELETE", "/api/v1/accounts/{owner}", "owner"):
            client, path, body = self._farewell()
        try:
            if pattern.startswith("/setup/"):
                answer = client.request(method, path, body=b"login=x")
            elif isinstance(body, Raw):
                answer = client.request(method, path, body=body.data, headers=body.headers)
            else:
                answer = client.request(method, path, json_body=body)
        finally:
            client.close()
        if method not in ("GET", "HEAD") and answer.status not in REFUSED:
            self.kept.clear()
        return answer

    def _farewell(self):
        """Somebody who may go: nobody can ask that of the owner of something."""
        leaver = self.account(f"p{next(self.number)}")
        return (leaver.by_session(), f"/api/v1/accounts/{leaver.login}",
                {"name": leaver.login, "password": leaver.password})

    def _label(self, method, pattern, name):
        """A label to work on, and a body that names one file. Its package has a collaborator."""
        self.founder.request("PUT", f"/api/packages/acme/{name}/collaborators/colin").expect(201)
        file = {"package": name, "version": "1.0", "basename": f"noarch/{name}-1.0-0.conda"}
        if pattern.startswith("/api/v1/files/"):
            return "main", {"files": [file], **{"labels": {"add": [name]},
                                                "copies": {"to_owner": "acme", "to_label": name},
                                                "removals": {}}[pattern.rpartition("/")[2]]}
        if method == "GET":
            return "main", None
        self.founder.request("PUT", f"/api/v1/labels/acme/{name}").expect(204)
        return name, file if pattern.endswith("{label...}") and method != "PUT" else None

    def _offer(self, name):
        """The number of an offer to the organization, of somebody who is not in it."""
        self.spare.setdefault(self.guest.login, self.guest.session())
        client = self.server.client(cookie=self.spare[self.guest.login])
        client.post(f"/api/package/{self.guest.login}/{name}").expect(200)
        return client.post(f"/api/v1/packages/{self.guest.login}/{name}/transfer",
                           {"to": "acme"}).expect(201).json()["id"]

    def request(self, method, pattern, access="public"):
        """A path with an object of its own to work on, and a fitting body."""
        name = f"p{next(self.number)}"
        values = {"owner": "acme", "login": "alice", "group": name, "package": name, "version": "1.0",
                  "basename": f"noarch/{name}-1.0-0.conda", "name": name, "code": "unknown",
                  "ticket": "unknown", "rest": f"noarch/{name}-1.0-0.conda", "label": "main",
                  "to": f"{name}/copied", "badge": "version.svg"}
        if (method, pattern) in BROUGHT:
            return self._brought(method, pattern, name)
        body = {} if method == "POST" else None
        upload = Upload(self.uploader, "acme", packages.describe(
            packages.make_tiny(self.folder, name)))
        if pattern.startswith("/cran/"):
            values["rest"] = f"src/contrib/{name}_1.0.tar.gz"
            upload = Upload(self.uploader, "acme", Plain(name, "1.0", f"{name}_1.0.tar.gz"),
                            data=cran.source(name), kind="r")
        if method == "POST" and pattern.startswith("/api/package/"):
            body = {"access": access, "public_attrs": {}}
        elif method == "POST" and pattern.startswith(("/api/release/", "/api/stage/")):
            upload.register()
            if pattern.startswith("/api/release/"):
                values["version"] = "2.0"
            else:
                body = {"distribution_type": "conda", "attrs": {}, "channels": []}
        elif pattern.startswith("/api/commit/"):
            upload.register()
            body = {"dist_id": upload.stage().json()["dist_id"]}
            upload.send()
        elif "{label" in pattern or pattern.startswith("/api/v1/files/"):
            upload.run()
            values["label"], body = self._label(method, pattern, name)
        elif pattern.startswith(("/api/v1/notebooks/", "/api/v1/environments/")):
            kind, values["basename"], data = (
                ("ipynb", "x.ipynb", notebooks.PLOT) if "notebooks" in pattern else
                ("env", "environment.yml", b"dependencies: [python]"))
            Upload(self.uploader, "acme", Plain(name, "1.0", values["basename"]), data=data,
                   kind=kind).run()
        elif pattern.startswith("/api/apps/"):
            upload.run()
            if method == "POST":
                values["id"], body = self._project(pattern, name)
        elif any(part in pattern for part in ("{package}", "{basename", "{rest")):
            upload.run()
            if method == "PUT" and pattern.endswith("/retention"):
                body = {"rules": [{"keep_newest": 1}]}
            elif method == "PATCH" and "/copy/" not in pattern:
                body = {"public_attrs": {"summary": "changed"}}
            elif "/copy/" in pattern:
                body = {"to_owner": "acme", "to_channel": name}
            elif "{id}" in pattern:
                newest = self.founder.get("/api/v1/labels/acme/main?limit=1").expect(200).json()
                values["id"] = str(newest["files"][0]["id"])
        elif pattern.startswith("/api/v1/trash/"):
            upload.run()
            self.founder.request("PUT", f"/api/packages/acme/{name}/collaborators/colin").expect(201)
            self.founder.delete(f"/api/package/acme/{name}").expect(201)
            newest = self.founder.get("/api/v1/trash/acme?limit=1").expect(200).json()
            values["id"] = str(newest["items"][0]["id"])
        elif method == "PUT" and pattern.endswith("/retention"):
            body = {"rules": [{"keep_newest": 1000}]}
        elif pattern.endswith("/rollback"):
            upload.run()
            page = self.founder.get("/api/v1/channels/acme/generations?limit=1").expect(200).json()
            body = {"to": f"gen-{page['generations'][0]['number']}"}
        elif pattern.endswith("/quota"):
            body = {"quota": None}
        elif method == "POST" and pattern == "/api/v1/accounts":
            password = secrets.password()
            body = {"login": name, "email": f"{name}@example.org", "password": password,
                    "password_again": password, "accept_terms": True}
        elif method == "POST" and pattern == "/api/v1/session":
            body = {"login": "alice", "password": self.owner.password}
        elif pattern == "/api/authentications" and method == "POST":
            body = {"note": name}
        elif "/name/{name" in pattern:
            whose = {"user": "acme"} if "{owner}" in pattern else {}
            made = self.founder.post("/api/authentications", {"note": name, **whose}).expect(200)
            secrets.remember(made.json()["token"])
        elif "/notices" in pattern:
            shown = method == "GET" or pattern.endswith("/archive")
            values["notice"] = self._notice("published" if shown else "draft")
            if method == "PATCH":
                body = {"message": name}
            elif pattern.endswith("/notices"):
                body = {"message": name, "expires_at": FAR} if method == "POST" else None
        elif pattern == "/api/v1/sessions/{id}":
            spare = self.server.client(cookie=self.owner.session())
            current, = [it for it in spare.get("/api/v1/sessions").expect(200).json() if it["current"]]
            values["id"] = str(current["id"])
        elif pattern.startswith("/api/v1/transfers/"):
            values["id"] = str(self._offer(name))
        elif pattern.endswith("/suspension"):
            values["login"] = self.barred.login
        elif method == "POST" and pattern == "/api/v1/organizations":
            body = {"login": name}
        elif pattern.startswith("/api/v1/organizations/"):
            values["owner"] = name
            self.founder.post("/api/v1/organizations", {"login": name}).expect(201)
            self._group(name, "owners", "admin", self.boss)
            self._group(name, "staff", "read", *list(self.staff.values())[:3])
            if method == "DELETE" and pattern.endswith("{owner}"):
                body = {"name": name, "password": self.owner.password}
        if "{group}" in pattern:
            values["login"] = self.guest.login
            if not (method == "POST" and pattern.endswith("{group}")):
                self._group("acme", name, "admin", self.staff["admin"], self.guest)
        elif pattern.endswith("/transfer"):
            body = {"to": self.guest.login}
        elif pattern.endswith("/access"):
            body = {"access": "public" if access == "private" else "private"}
        if access != "public" and not (method == "POST" and pattern.startswith("/api/package/")):
            self.founder.request("PUT", f"/api/v1/packages/acme/{name}/access",
                                 json_body={"access": access}).expect(204)
        if any(part in pattern for part in ("{package}", "{rest")) and not (
                method == "POST" and pattern.startswith("/api/package/")):
            self.founder.request("PUT", f"/api/packages/acme/{name}/collaborators/colin").expect(201)
        path = re.sub(r"\{(\w+)(\.\.\.)?\}", lambda found: values[found.group(1)], pattern)
        return path, body


def read_table(path):
    """(method, pattern, access of the package) -> {caller: status}"""
    table = {}
    for line in path.read_text().splitlines():
        if not line or line.startswith("#"):
            continue
        route, *statuses = line.split("\t")
        method, pattern, *access = route.split()
        key = (method, pattern, access[0].strip("[]") if access else "public")
        assert key not in table, f"{route} stands there twice"
        assert len(statuses) == len(CALLERS), f"{route}: {len(statuses)} of {len(CALLERS)} callers"
        table[key] = dict(zip(CALLERS, map(int, statuses)))
    return table


def read_scopes(path):
    """(method, pattern) -> set of the scopes that open it"""
    table = {}
    for line in path.read_text().splitlines():
        if line and not line.startswith("#"):
            route, scopes = line.split("\t")
            method, pattern = route.split()
            assert (method, pattern) not in table, f"{route} stands there twice"
            table[method, pattern] = set(scopes.split())
    return table
