"""Random operations by random callers, and after each of them: does everybody see what a small model
of the rules says (support/model.py)?

Two runs are alike unless TERRARIUM_MODEL_SEED says otherwise ("random": each its own);
TERRARIUM_MODEL_STEPS sets their length."""
import os
import random
import secrets as entropy
from collections import deque
from dataclasses import dataclass

import pytest

from support import packages, secrets, surfaces
from support.http import Client
from support.model import (ADMIN, LEVELS, OWNER, PERMISSIONS, PRIVATE, WRITE, Group, Model)
from support.publish import Refused, Upload
from support.site import check_clean

SEED = os.environ.get("TERRARIUM_MODEL_SEED", "1")
SEED = entropy.randbelow(10**9) if SEED == "random" else int(SEED)
STEPS = int(os.environ.get("TERRARIUM_MODEL_STEPS", 200))
CHECKS_OF_A_STEP = 4
STEPS_OF_A_ROUND = 50            # after which everything is looked at
USERS = ("alice", "bob", "carol", "dave")
ORGANIZATIONS = {"acme": "alice", "umbra": "bob"}
OWNERS = (*ORGANIZATIONS, "carol")
NAMES = ("alpha", "bravo", "charlie", "delta")
VERSIONS = ("1.0", "2.0", "3.0")
LABELS = ("main", "dev", "nightly/x")
SUBDIRS = ("noarch", "linux-64", "plan9-64")     # the last is one that is not known by itself
GROUPS = ("devs", "ops", "guests")
DOCUMENTS = ("repodata.json", "repodata.json.zst", "repodata_shards.msgpack.zst",
             "run_exports.json", "run_exports.json.zst", "")
OVERVIEWS = ("channeldata.json", "rss.xml", "notices.json", "")


@dataclass
class Caller:
    """One way in which somebody calls. prefix: of channels' addresses."""
    login: str
    how: str
    client: Client
    prefix: str = ""

    def __str__(self):
        return f"{self.login or 'nobody'} by {self.how}"


class World:
    """The server, the model, and callers of every kind."""

    def __init__(self, server, account, folder, seed):
        self.server, self.folder, self.random = server, folder, random.Random(seed)
        self.model, self.made = Model({"boss"}), {}
        self.history, self.past = deque(maxlen=12), []      # past: (owner, file) of removed files
        self.ended = []                  # what was in the trash
        self.subjects = []               # whom the last operation was about
        self.shards = {}                 # (owner, label, subdir, digest) -> (name, its Package)
        self.callers = [Caller(None, "nothing", server.client())]
        people = {login: account(login) for login in USERS}
        people["boss"] = account("boss", superuser=True)
        for login, person in people.items():
            self._add_callers(login, person.token("of the model"))
            self.callers.append(Caller(login, "session", person.by_session()))
        for login, founder in ORGANIZATIONS.items():
            self.client_of(founder).post("/api/v1/organizations", {"login": login}).expect(201)
            self.model.found(login, founder)
            made = people[founder].by_password().post(
                "/api/authentications", {"note": f"of {login}", "user": login})
            self._add_callers(login, secrets.remember(made.expect(200).json()["token"]))

    def _add_callers(self, login, token):
        client = self.server.client
        self.callers += [Caller(login, "token", client(token=token)),
                         Caller(login, "Bearer", client(bearer=token)),
                         Caller(login, "path", client(), f"/t/{token}")]

    def client_of(self, login):
        """Of somebody who changes something, in any way in which it is possible."""
        return self.random.choice([it.client for it in self.callers
                                   if it.login == login and not it.prefix])

    def pick(self, allowed):
        """Mostly somebody who may do it. allowed: login -> bool"""
        everybody = [None, "boss", *USERS, *ORGANIZATIONS]
        fitting = [login for login in everybody if allowed(login)]
        return self.random.choice(fitting if fitting and self.random.random() < 0.75
                                  else everybody)

    def writer(self, needed, owner, name=None):
        """(login, the status with which he is refused, or None)"""
        login = self.pick(lambda it: self.model.refusal(it, needed, owner, name) is None)
        return login, self.model.refusal(login, needed, owner, name)

    def file(self, name, version, subdir):
        key = name, version, subdir
        if key not in self.made:
            extension = ".tar.bz2" if version == "2.0" else ".conda"
            more = {} if subdir == "noarch" else {"noarch": None}
            self.made[key] = packages.describe(packages.make_tiny(
                self.folder / subdir, name, version, extension=extension, subdir=subdir, **more))
        return self.made[key]

    def note(self, *words):
        self.history.append(" ".join(map(str, words)))

    def existing(self):
        return self.random.choice(sorted(self.model.packages)) if self.model.packages else None

    def a_file(self):
        """(owner, file) of one that is there, or None."""
        all_of_them = [(owner, file) for (owner, _), package in sorted(self.model.packages.items())
                       for _, file in sorted(package.files.items())]
        return self.random.choice(all_of_them) if all_of_them else None


# --- operations: each returns the owner whom it was about, or None if there was nothing to do ---


def ask(world, login, method, path, good, refusal, body=None):
    """Sends what should be answered with good, or with refusal. True: it was done."""
    world.note(login, method, path, body or "", "->", refusal or good)
    answer = world.client_of(login).request(method, path, json_body=body)
    answer.expect(refusal or good)
    return refusal is None


def create(world):
    owner, name = world.random.choice(OWNERS), world.random.choice(NAMES)
    access = world.random.choices(LEVELS, (1, 1, 2))[0]
    login, refusal = world.writer(WRITE, owner, name)
    body = {"access": access}
    if access != "authenticated" and world.random.random() < 0.3:
        body = {"public": access == "public"}
    if ask(world, login, "POST", f"/api/package/{owner}/{name}", 200, refusal, body):
        world.model.create(owner, name, LEVELS.index(access))
    return owner


def is_locked_against(world, owner, file, labels):
    """Would the file get a label that is locked?"""
    package = world.model.packages.get((owner, file.name))
    carried = package.labels.get(file.basename, set()) if package else set()
    return any((owner, label) in world.model.locked for label in set(labels) - carried)


def upload(world):
    owner, name = world.existing() or (OWNERS[0], NAMES[0])
    file = world.file(name, world.random.choice(VERSIONS),
                      world.random.choices(SUBDIRS, (4, 3, 1))[0])
    labels = world.random.sample(LABELS, world.random.choice((0, 1, 1, 2)))
    login, refusal = world.writer(WRITE, owner, name)
    locked = refusal is None and is_locked_against(world, owner, file, labels or ["main"])
    refusal = 403 if locked else refusal
    world.note(login, "uploads", owner, file.basename, labels, "->", refusal or 200)
    try:
        Upload(world.client_of(login), owner, file, labels).run()
    except Refused as why:
        assert why.answer.status == refusal, why
        if locked:      # which is told when the file is announced: its release is there by then
            world.model.create(owner, name, 0)
            world.model.packages[owner, name].releases.add(file.version)
        return owner
    assert refusal is None, f"the upload should have been refused with {refusal}"
    world.model.create(owner, name, 0)
    world.model.upload(owner, file, labels)
    return owner


def ask_to_remove(world, login, path, good, refusal, owner, name):
    """Mostly into the trash, at times for good. (was it done, was it for good)"""
    final = world.random.random() < 0.15
    if final:
        refusal = refusal or world.model.refusal(login, ADMIN, owner, name)
    return ask(world, login, "DELETE", path + ("?final=true" if final else ""), good, refusal), final


def number(world, item):
    """The trash's number of what was just removed."""
    if item:
        path = f"/api/v1/trash/{item.owner}?limit=1"
        item.id = world.client_of(item.owner).get(path).expect(200).json()["items"][0]["id"]


def remove_file(world):
    found = world.a_file()
    if not found:
        return None
    owner, file = found
    login, refusal = world.writer(WRITE, owner, file.name)
    if world.model.is_locked(owner, file.name, [file.basename]):
        refusal = refusal or 403
    done, final = ask_to_remove(world, login, surfaces.file_addresses(owner, file)[2], 200, refusal,
                                owner, file.name)
    if done:
        number(world, world.model.remove_file(owner, file, login, final))
        world.past.append((owner, file))
    return owner


def remove_release(world):
    found = world.a_file()
    if not found:
        return None
    owner, file = found
    login, refusal = world.writer(WRITE, owner, file.name)
    if world.model.is_locked(owner, file.name, of_release(world, owner, file)):
        refusal = refusal or 403
    done, final = ask_to_remove(world, login, surfaces.file_addresses(owner, file)[1], 201, refusal,
                                owner, file.name)
    if done:
        number(world, world.model.remove_release(owner, file.name, file.version, login, final))
        world.past.append((owner, file))
    return owner


def remove_package(world):
    if not world.model.packages:
        return None
    owner, name = world.existing()
    login, refusal = world.writer(WRITE, owner, name)
    if world.model.is_locked(owner, name, world.model.packages[owner, name].files):
        refusal = refusal or 403
    done, final = ask_to_remove(world, login, f"/api/package/{owner}/{name}", 201, refusal, owner,
                                name)
    if done:
        world.past += [(owner, file) for file in world.model.packages[owner, name].files.values()]
        number(world, world.model.remove_package(owner, name, login, final))
    return owner


def of_the_trash(world, needed):
    """(item, login, the status with which he is refused, or None); or None."""
    model = world.model
    if not model.trash:
        return None
    item = world.random.choice(model.trash)
    may = lambda it: it is not None and model.level_in_trash(it, item) >= needed
    login = world.pick(may)
    return item, login, 401 if login is None else None if may(login) else 403


def restore(world):
    found, model = of_the_trash(world, WRITE), world.model
    if not found:
        return None
    item, login, refusal = found
    if model.is_in_the_way(item):
        refusal = refusal or 409
    if any((item.owner, label) in model.locked for it in item.labels.values() for label in it):
        refusal = refusal or 403
    if ask(world, login, "POST", f"/api/v1/trash/{item.owner}/{item.id}/restore", 200, refusal):
        model.restore(item)
        world.ended.append(item)
    return item.owner


def end(world):
    found = of_the_trash(world, ADMIN)
    if not found:
        return None
    item, login, refusal = found
    if ask(world, login, "DELETE", f"/api/v1/trash/{item.owner}/{item.id}", 204, refusal):
        world.model.end(item)
        world.ended.append(item)
    return item.owner


def restore_what_is_gone(world):
    """Who could put everything back is told that it is not there, others no more than always."""
    if not world.ended:
        return None
    item = world.random.choice(world.ended)
    login, refusal = world.writer(WRITE, item.owner)
    ask(world, login, "POST", f"/api/v1/trash/{item.owner}/{item.id}/restore", 200, refusal or 404)
    return item.owner


def of_release(world, owner, file):
    files = world.model.packages[owner, file.name].files
    return [basename for basename, it in files.items() if it.version == file.version]


def some_of(world):
    """(owner, name, choice, basenames): a file, its release, or its package; or None."""
    found = world.a_file()
    if not found:
        return None
    owner, file = found
    level = world.random.randrange(3)
    choice = {"package": file.name, **({"version": file.version} if level else {}),
              **({"basename": file.basename} if level == 2 else {})}
    names = ([file.basename] if level == 2 else of_release(world, owner, file) if level
             else list(world.model.packages[owner, file.name].files))
    return owner, file.name, choice, names


def change_label(world):
    found = some_of(world)
    if not found:
        return None
    owner, name, choice, basenames = found
    label, add = world.random.choice(LABELS), world.random.random() < 0.6
    login, refusal = world.writer(WRITE, owner, name)
    if not add and not world.model.exists(owner, label):
        refusal = refusal or 404
    if (owner, label) in world.model.locked:
        refusal = refusal or 403
    if ask(world, login, "POST" if add else "DELETE", f"/api/channels/{owner}/{label}", 201, refusal,
           choice):
        world.model.label(owner, name, basenames, label, add)
    return owner


def copy(world):
    found = some_of(world)
    if not found:
        return None
    source, name, choice, basenames = found
    target, model = world.random.choice(OWNERS), world.model
    label, to_label = world.random.choice(LABELS), world.random.choice(LABELS)
    login, refusal = world.writer(WRITE, target, name)
    carried = [it for it in basenames if label in model.packages[source, name].labels[it]]
    if not (model.sees(login, source, name) and model.knows(login, source, label)):
        refusal = refusal or 404
    if (target, to_label) in model.locked:
        refusal = refusal or 403
    if "basename" in choice and not carried:
        refusal = refusal or 404
    world.subjects = [login] if login else []
    if ask(world, login, "POST", f"/api/v1/files/{source}/copies", 200, refusal,
           {"files": [choice], "from_label": label, "to_owner": target, "to_label": to_label,
            "mode": world.random.choice(("strict", "replace", "update"))}):
        model.copy(source, target, name, carried, to_label)
    return target


def lock(world):
    owner, label = world.random.choice(OWNERS), world.random.choice(LABELS)
    locks = (owner, label) not in world.model.locked
    login, refusal = world.writer(ADMIN, owner)
    if not world.model.exists(owner, label):
        refusal = refusal or 404
    if ask(world, login, "POST" if locks else "DELETE", f"/api/channels/{owner}/{label}/lock", 201,
           refusal):
        (world.model.locked.add if locks else world.model.locked.discard)((owner, label))
    return owner


def unlock(world):
    if world.model.locked:
        owner, label = world.random.choice(sorted(world.model.locked))
        login, refusal = world.writer(ADMIN, owner)
        if ask(world, login, "DELETE", f"/api/channels/{owner}/{label}/lock", 201, refusal):
            world.model.locked.discard((owner, label))
        return owner
    return None


def change_access(world):
    if not world.model.packages:
        return None
    owner, name = world.existing()
    access = world.random.choices(range(3), (1, 1, 2))[0]
    login, refusal = world.writer(ADMIN, owner, name)
    if ask(world, login, "PUT", f"/api/v1/packages/{owner}/{name}/access", 204, refusal,
           {"access": LEVELS[access]}):
        world.model.set_access(owner, name, access)
    return owner


def grant(world):
    if not world.model.packages:
        return None
    (owner, name), user = world.existing(), world.random.choice(USERS)
    permission = world.random.choice((None, "read", "read", "write"))
    world.subjects = [user]
    login, refusal = world.writer(ADMIN, owner, name)
    if ask(world, login, "PUT", f"/api/packages/{owner}/{name}/collaborators/{user}", 201, refusal,
           {"permission": permission} if permission else None):
        world.model.packages[owner, name].collaborators[user] = PERMISSIONS[permission or "write"]
    return owner


def revoke(world):
    if not world.model.packages:
        return None
    (owner, name), user = world.existing(), world.random.choice(USERS)
    known = sorted(world.model.packages[owner, name].collaborators)
    user = world.random.choice(known) if known and world.random.random() < 0.8 else user
    world.subjects = [user]
    login, refusal = world.writer(ADMIN, owner, name)
    if ask(world, login, "DELETE", f"/api/packages/{owner}/{name}/collaborators/{user}", 201,
           refusal):
        world.model.packages[owner, name].collaborators.pop(user, None)
    return owner


def create_group(world):
    owner, title = world.random.choice(list(ORGANIZATIONS)), world.random.choice(GROUPS)
    permission, everything = world.random.choice(list(PERMISSIONS)), world.random.random() < 0.2
    login, refusal = world.writer(OWNER, owner)
    groups = world.model.groups[owner]
    if title in groups and groups[title].permission != PERMISSIONS[permission]:
        refusal = refusal or 409
    if ask(world, login, "POST", f"/api/group/{owner}/{title}", 204, refusal,
           {"perms": permission, "all_packages": everything}):
        groups.setdefault(title, Group(PERMISSIONS[permission], everything))
    return owner


def a_group(world, with_owners=False):
    """(organization, title) of one that is there, or None."""
    found = [(owner, title) for owner, groups in sorted(world.model.groups.items())
             for title in sorted(groups) if with_owners or title != "owners"]
    return world.random.choice(found) if found else None


def remove_group(world):
    found = a_group(world)
    if not found:
        return None
    owner, title = found
    login, refusal = world.writer(OWNER, owner)
    if ask(world, login, "DELETE", f"/api/group/{owner}/{title}", 204, refusal):
        del world.model.groups[owner][title]
    return owner


def add_member(world):
    owner, title = a_group(world, with_owners=world.random.random() < 0.2) or ("acme", "owners")
    user = world.random.choice(USERS)
    world.subjects = [user]
    login = world.pick(lambda it: world.model.refusal_of_groups(it, owner, title) is None)
    refusal = world.model.refusal_of_groups(login, owner, title)
    if ask(world, login, "PUT", f"/api/group/{owner}/{title}/members/{user}", 204, refusal):
        world.model.groups[owner][title].members.add(user)
    return owner


def remove_member(world):
    owner, title = a_group(world, with_owners=True)
    members = world.model.groups[owner][title].members
    user = world.random.choice(sorted(members) if members and world.random.random() < 0.8
                               else USERS)
    world.subjects = [user]
    login = world.pick(lambda it: world.model.refusal_of_groups(it, owner, title) is None)
    refusal = world.model.refusal_of_groups(login, owner, title)
    if title == "owners" and members == {user}:
        refusal = refusal or 409
    if ask(world, login, "DELETE", f"/api/group/{owner}/{title}/members/{user}", 204, refusal):
        members.discard(user)
    return owner


def choose_package(world, method):
    found = a_group(world)
    names = sorted(world.model.names(found[0])) if found else []
    if not names:
        return None
    owner, title = found
    group = world.model.groups[owner][title]
    name = world.random.choice(sorted(group.packages) if method == "DELETE" and group.packages
                               else names)
    world.subjects = sorted(group.members)
    login, refusal = world.writer(OWNER, owner)
    if ask(world, login, method, f"/api/group/{owner}/{title}/packages/{name}", 204, refusal):
        (group.packages.add if method == "PUT" else group.packages.discard)(name)
    return owner


def add_group_package(world):
    return choose_package(world, "PUT")


def remove_group_package(world):
    return choose_package(world, "DELETE")


def leave(world):
    owner = world.random.choice(list(ORGANIZATIONS))
    login = world.random.choice([None, "boss", *USERS])
    path, model = f"/api/v1/organizations/{owner}/membership", world.model
    if login is None or not (model.is_member(login, owner) or login == "boss"):
        ask(world, login, "DELETE", path, 204, 401 if login is None else 403)
    else:
        ask(world, login, "DELETE", path, 204, None if model.leave(login, owner) else 409)
    return owner


def transfer(world):
    """At once, or as an offer, which somebody accepts if anybody may."""
    if not world.model.packages:
        return None
    (owner, name), target = world.existing(), world.random.choice(OWNERS)
    login, refusal = world.writer(ADMIN, owner, name)
    labels = set().union(*world.model.packages[owner, name].labels.values())
    taken = 409 if target == owner or (target, name) in world.model.packages else None
    if any((whose, label) in world.model.locked for whose in (owner, target) for label in labels):
        taken = taken or 403
    at_once = world.model.refusal(login, WRITE, target, name) is None
    offered = refusal is None and not at_once and target != owner
    path = f"/api/v1/packages/{owner}/{name}/transfer"
    done = ask(world, login, "POST", path, 201 if offered else 200,
               refusal or (None if offered else taken), {"to": target})
    if offered:
        done = answer_offer(world, login, name, target, taken)
    if done:
        world.past += [(owner, file) for file in world.model.packages[owner, name].files.values()]
        world.model.transfer(owner, name, target)
    return world.random.choice((owner, target))


def answer_offer(world, offerer, name, target, taken):
    """True: the package was taken. What nobody takes is withdrawn."""
    outgoing = world.client_of(offerer).get("/api/v1/transfers").expect(200).json()["outgoing"]
    number, = [it["id"] for it in outgoing if (it["package"], it["to"]) == (name, target)]
    path = f"/api/v1/transfers/{number}"
    takers = [it for it in ("boss", *USERS, *ORGANIZATIONS)
              if world.model.refusal(it, WRITE, target, name) is None]
    if ask(world, world.random.choice(takers), "POST", f"{path}/accept", 200, taken):
        return True
    ask(world, offerer, "DELETE", path, 204, None)
    return False


OPERATIONS = {create: 5, upload: 12, remove_file: 3, remove_release: 2, remove_package: 2,
              restore: 8, end: 1, restore_what_is_gone: 1, change_label: 8, copy: 8, lock: 1, unlock: 3, change_access: 6, grant: 4, revoke: 3, create_group: 5, remove_group: 1,
              add_member: 9, remove_member: 3, add_group_package: 9, remove_group_package: 2,
              leave: 1, transfer: 4}


# --- what callers see ---------------------------------------------------------------------------


def base_of(caller, owner, label):
    return f"{caller.prefix}/conda/{owner}" + ("" if label == "main" else f"/label/{label}")


def check_subdir(world, caller, owner, label, subdir):
    base = base_of(caller, owner, label)
    wanted = set(world.model.files(caller.login, owner, label, subdir))
    known = world.model.knows(caller.login, owner, label)
    if subdir == SUBDIRS[-1] and not world.model.knows(caller.login, owner, label, subdir):
        known = False
    elif subdir == SUBDIRS[-1] and not wanted:
        return      # whether an emptied subdir is there is nobody's secret
    if not known:
        for name in DOCUMENTS:
            answer = caller.client.get(f"{base}/{subdir}/{name}")
            assert answer.status == 404, f"{base}/{subdir}/{name} is there: {answer.status}"
        return
    for surface, found in surfaces.documents(caller.client, base, subdir).items():
        assert found == wanted, f"{base}/{subdir}: {surface}: {found}, not {wanted}"
    index = surfaces.channel.shard_index(caller.client, base, subdir)["shards"]
    for name, digest in index.items():
        world.shards[owner, label, subdir, digest.hex()] = name, world.model.packages[owner, name]


def check_overview(world, caller, owner, label):
    base = base_of(caller, owner, label)
    if not world.model.knows(caller.login, owner, label):
        for name in OVERVIEWS:
            answer = caller.client.get(f"{base}/{name}")
            assert answer.status == 404, f"{base}/{name} is there: {answer.status}"
        return
    wanted = {it.name for it in world.model.files(caller.login, owner, label).values()}
    for surface, found in surfaces.overviews(caller.client, base, NAMES).items():
        assert found == wanted, f"{base}: {surface}: {found}, not {wanted}"


def check_listings(world, caller, owner):
    if caller.prefix:
        return      # good for channels only
    listed = caller.client.get(f"/api/packages/{owner}").expect(200).json()
    assert {it["name"] for it in listed} == world.model.seen(caller.login, owner), listed
    for surface, names in surfaces.searches(caller.client, owner, set(NAMES)).items():
        assert names == world.model.seen(caller.login, owner), f"search {surface}: {names}"
    labels = caller.client.get(f"/api/channels/{owner}").expect(200).json()
    wanted = {it: {"is_locked": (owner, it) in world.model.locked} for it in LABELS
              if world.model.knows(caller.login, owner, it)}
    assert labels == wanted, f"labels of {owner}: {labels}, not {wanted}"
    counts = caller.client.get(f"/api/v1/labels/{owner}").expect(200).json()["labels"]
    assert {it["name"]: it["files"] for it in counts} == {
        it: world.model.count(caller.login, owner, it) for it in wanted}, counts


def check_package(world, caller, owner, name):
    if caller.prefix:
        return
    path = f"/api/package/{owner}/{name}"
    if not world.model.sees(caller.login, owner, name):
        error = caller.client.get(path).expect(404).error
        assert error == f'there is no package "{owner}/{name}"'
        return
    shown, package = caller.client.get(path).expect(200).json(), world.model.packages[owner, name]
    assert {it["basename"] for it in shown["files"]} == set(package.files), path
    assert {it["version"] for it in shown["releases"]} == package.releases, path
    assert shown["access"] == LEVELS[package.access], path
    assert shown["public"] == (package.access == 0), path


def check_file(world, caller, owner, file, label):
    """One that is there, or was."""
    package = world.model.packages.get((owner, file.name))
    seen = world.model.sees(caller.login, owner, file.name)
    there = seen and file.basename in package.files
    if not caller.prefix:
        addresses = surfaces.file_addresses(owner, file)
        surfaces.answers(caller.client, addresses[0], seen)
        surfaces.answers(caller.client, addresses[1], seen and file.version in package.releases)
        for path in addresses[2:4]:
            surfaces.answers(caller.client, path, there)
    surfaces.answers(caller.client, f"{base_of(caller, owner, label)}/{file.basename}",
                     there and label in package.labels[file.basename])


def check_shard(world, caller, key):
    """A shard that somebody was shown once is not given to whom the package is hidden from, nor to
    whom another one is hidden from that has its name now."""
    owner, label, subdir, digest = key
    name, package = world.shards[key]
    there = (owner, name) in world.model.packages
    moved = any(it is package for it in world.model.packages.values())      # to another owner
    if not world.model.sees(caller.login, owner, name) if there else moved:
        path = f"{base_of(caller, owner, label)}/{subdir}/shards/{digest}.msgpack.zst"
        answer = caller.client.get(path)
        assert answer.status == 404, f"{path}, a shard of {name}, is given: {answer.status}"


def check_trash(world, caller, owner):
    """Who may change the package, or might, finds what was removed of it."""
    if caller.prefix:
        return
    answer = caller.client.get(f"/api/v1/trash/{owner}").expect(401 if caller.login is None else 200)
    if caller.login is None:
        return
    shown = [tuple(it[key] for key in ("id", "kind", "package", "version", "file", "files",
                                       "removed_by")) for it in answer.json()["items"]]
    assert shown == [(it.id, it.kind, it.name, it.version, it.basename, len(it.files), it.remover)
                     for it in reversed(world.model.trash) if it.owner == owner
                     and world.model.level_in_trash(caller.login, it) >= WRITE]


def check_groups(world, caller, owner):
    if caller.prefix:
        return
    refusal = None if caller.login in (owner, "boss") else 401 if caller.login is None else (
        None if world.model.is_member(caller.login, owner) else 403)
    answer = caller.client.get(f"/api/groups/{owner}").expect(refusal or 200)
    if refusal:
        return
    shown = {it["name"]: it for it in answer.json()["groups"]}
    groups = world.model.groups[owner]
    assert set(shown) == set(groups)
    for title, group in groups.items():
        path = f"/api/group/{owner}/{title}"
        members = caller.client.get(f"{path}/members").expect(200).json()
        assert {it["login"] for it in members} == group.members, path
        listed = caller.client.get(f"{path}/packages").expect(200).json()
        wanted = {f"{owner}/{it}" for it in group.packages & world.model.seen(caller.login, owner)}
        assert {it["full_name"] for it in listed} == wanted, path
        counts = shown[title]["members_count"], shown[title]["repos_count"]
        assert counts == (len(group.members), len(wanted)), path


def all_checks(world, caller):
    """Everything that a caller can be asked about, as (check, arguments)."""
    for owner in OWNERS:
        yield check_listings, owner
        yield check_trash, owner
        if owner in ORGANIZATIONS:
            yield check_groups, owner
        for label in LABELS:
            yield check_overview, owner, label
            for subdir in SUBDIRS:
                yield check_subdir, owner, label, subdir
        for name in NAMES:
            yield check_package, owner, name
    for (owner, _), package in world.model.packages.items():
        for file in package.files.values():
            for label in LABELS:
                yield check_file, owner, file, label
    for owner, file in world.past[-10:]:
        yield check_file, owner, file, LABELS[0]
    for key in list(world.shards)[-60:]:
        yield check_shard, key


def look(world, caller, check, *words):
    try:
        check(world, caller, *words)
    except AssertionError as why:
        raise AssertionError(f"{caller}: {check.__name__}: {why}") from why


def check_some(world, owner):
    """A few of all checks about the owner at hand, by callers at random, and by those whom the
    operation was about."""
    kinds = {}
    for check, *words in all_checks(world, world.callers[0]):
        about = words[0][0] if check is check_shard else words[0]
        if about == owner:
            kinds.setdefault(check, []).append(words)
    for _ in range(CHECKS_OF_A_STEP):
        callers = world.callers
        if world.subjects and world.random.random() < 0.5:
            callers = [it for it in callers if it.login in world.subjects]
        check = world.random.choice(list(kinds))
        look(world, world.random.choice(callers), check, *world.random.choice(kinds[check]))


def check_all(world, callers):
    for caller in callers:
        for check, *words in all_checks(world, caller):
            look(world, caller, check, *words)


def one_way_each(world):
    """Of each login one caller."""
    by_login = {}
    for caller in world.callers:
        by_login.setdefault(caller.login, []).append(caller)
    return [world.random.choice(ways) for ways in by_login.values()]


def run(world, steps):
    operations, weights = zip(*OPERATIONS.items())
    for step in range(steps):
        world.note(f"[step {step}]")
        world.subjects = []
        owner = world.random.choices(operations, weights)[0](world)
        if owner:
            check_some(world, owner)
        if (step + 1) % STEPS_OF_A_ROUND == 0:
            check_all(world, one_way_each(world))
    check_all(world, world.callers)


@pytest.mark.slow
def test_everybody_sees_what_the_rules_say(server, account, tmp_path):
    world = World(server, account, tmp_path, SEED)
    try:
        run(world, STEPS)
    except Exception as why:
        raise AssertionError(f"TERRARIUM_MODEL_SEED={SEED} TERRARIUM_MODEL_STEPS={STEPS}: {why}\n"
                             "The last operations:\n" + "\n".join(world.history)) from why
    check_clean(server)
