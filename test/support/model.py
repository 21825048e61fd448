"""What the server should hold and show, by the plainest rules there are: who may see and change
which packages. It knows no HTTP and no tables."""
from dataclasses import dataclass, field

LEVELS = ("public", "authenticated", "private")
PUBLIC, AUTHENTICATED, PRIVATE = range(3)
READ, WRITE, ADMIN, OWNER = range(1, 5)
PERMISSIONS = {"read": READ, "write": WRITE, "admin": ADMIN}


@dataclass
class Package:
    access: int
    releases: set = field(default_factory=set)
    files: dict = field(default_factory=dict)           # packages.Package by basename
    labels: dict = field(default_factory=dict)          # set of names by basename
    collaborators: dict = field(default_factory=dict)   # login -> READ or WRITE
    chosen: list = field(default_factory=list)          # Groups that had it, while in the trash


@dataclass
class Group:
    permission: int
    all_packages: bool
    members: set = field(default_factory=set)
    packages: set = field(default_factory=set)          # names


@dataclass(eq=False)
class Trashed:
    """Something that was removed and may be put back."""
    owner: str
    kind: str           # "file", "release", "package"
    name: str           # of the package
    package: Package    # which may be there still, or be in the trash by another item
    version: str        # None of a package
    basename: str       # of a file
    remover: str
    files: dict         # packages.Package by basename
    labels: dict
    releases: set
    id: int = None


class Model:
    """login None: nobody is signed in."""

    def __init__(self, superusers):
        self.superusers = set(superusers)
        self.packages = {}       # (owner, name) -> Package
        self.groups = {}         # organization -> {name: Group}
        self.locked = set()      # (owner, label)
        self.widest = {}         # (owner, label) and (owner, label, subdir) -> the widest access
                                 # that a package had while its file was there
        self.trash = []          # the newest last

    # --- who may what ---------------------------------------------------------------------

    def level(self, login, owner, name=None):
        """What the rows grant on a package; without a name: on those that are not there yet."""
        if login is None:
            return 0
        if login == owner or login in self.superusers:
            return OWNER
        found = [0]
        for title, group in self.groups.get(owner, {}).items():
            if login in group.members and (group.all_packages or name in group.packages):
                found.append(OWNER if title == "owners" else group.permission)
        if (owner, name) in self.packages:
            found.append(self.packages[owner, name].collaborators.get(login, 0))
        return max(found)

    def refusal(self, login, needed, owner, name=None):
        """The status of an attempt that is not allowed; None: it is."""
        if login is None:
            return 401
        return None if self.level(login, owner, name) >= needed else 403

    def refusal_of_groups(self, login, organization, title):
        """To say who is in a group."""
        if login is None:
            return 401
        group = self.groups[organization].get(title)
        leads = group and group.permission == ADMIN and login in group.members
        return None if self.level(login, organization) == OWNER or (
            leads and title != "owners") else 403

    def is_member(self, login, organization):
        return any(login in group.members for group in self.groups[organization].values())

    def level_in_trash(self, login, item):
        """On what was removed: as on its package, which takes those along who were let into it."""
        if self.packages.get((item.owner, item.name)) is item.package:
            return self.level(login, item.owner, item.name)
        found = [self.level(login, item.owner)]
        if login is not None:
            found += [group.permission for group in item.package.chosen
                      if login in group.members and self._is_there(item.owner, group)]
            found.append(item.package.collaborators.get(login, 0))
        return max(found)

    def _is_there(self, owner, group):
        return any(it is group for it in self.groups.get(owner, {}).values())

    # --- who sees what --------------------------------------------------------------------

    def reach(self, login, owner):
        """Up to which access the caller sees everything of the owner."""
        if login is None:
            return PUBLIC
        return PRIVATE if self.level(login, owner) >= READ else AUTHENTICATED

    def sees(self, login, owner, name):
        package = self.packages.get((owner, name))
        return package is not None and (
            package.access <= self.reach(login, owner) or self.level(login, owner, name) >= READ)

    def names(self, owner):
        return {name for whose, name in self.packages if whose == owner}

    def seen(self, login, owner):
        return {name for name in self.names(owner) if self.sees(login, owner, name)}

    def files(self, login, owner, label, subdir=None):
        """filename -> packages.Package of what a channel shows to the caller."""
        return {it.filename: it for name in self.seen(login, owner)
                for basename, it in self.packages[owner, name].files.items()
                if label in self.packages[owner, name].labels[basename]
                and subdir in (None, it.subdir)}

    def count(self, login, owner, label):
        """How many files the label has for the caller: names may be the same in two subdirs."""
        return sum(label in labels for name in self.seen(login, owner)
                   for labels in self.packages[owner, name].labels.values())

    def knows(self, login, owner, label, subdir=None):
        """Does the label, or a subdir of it, exist for the caller?"""
        if label == "main" and subdir is None:
            return True
        key = (owner, label) if subdir is None else (owner, label, subdir)
        return (key in self.widest and self.widest[key] <= self.reach(login, owner)
                or bool(self.files(login, owner, label, subdir)))

    def exists(self, owner, label):
        """For whoever sees everything."""
        return label == "main" or (owner, label) in self.widest

    def is_locked(self, owner, name, basenames):
        """Does one of a package's files carry a locked label?"""
        package = self.packages[owner, name]
        return any((owner, label) in self.locked
                   for basename in basenames for label in package.labels[basename])

    # --- what changes ---------------------------------------------------------------------

    def create(self, owner, name, access):
        self.packages.setdefault((owner, name), Package(access))

    def upload(self, owner, file, labels):
        package = self.packages[owner, file.name]
        package.releases.add(file.version)
        package.files[file.basename] = file
        package.labels.setdefault(file.basename, set()).update(labels or {"main"})
        self._widen(owner, package)

    def label(self, owner, name, basenames, label, carried):
        package = self.packages[owner, name]
        for basename in basenames:
            (package.labels[basename].add if carried else package.labels[basename].discard)(label)
        self._widen(owner, package)

    def copy(self, source, target, name, basenames, label):
        """Of one owner's package to that of another, or of the same: files are alike everywhere."""
        package = self.packages[source, name]
        if basenames:
            self.create(target, name, package.access)
        for basename in basenames:
            self.upload(target, package.files[basename], [label])

    def set_access(self, owner, name, access):
        self.packages[owner, name].access = access
        self._widen(owner, self.packages[owner, name])

    def _widen(self, owner, package):
        for basename, labels in package.labels.items():
            for label in labels:
                for key in ((owner, label), (owner, label, package.files[basename].subdir)):
                    self.widest[key] = min(self.widest.get(key, PRIVATE), package.access)

    def _take_file(self, owner, file):
        package = self.packages[owner, file.name]
        del package.files[file.basename], package.labels[file.basename]

    def _take_package(self, owner, name):
        package = self.packages.pop((owner, name))
        package.chosen = [it for it in self.groups.get(owner, {}).values() if name in it.packages]
        for group in package.chosen:
            group.packages.discard(name)

    def _throw(self, owner, kind, name, remover, basenames, version=None, basename=None):
        """What goes to the trash, before it goes."""
        package = self.packages[owner, name]
        self.trash.append(Trashed(
            owner, kind, name, package, version, basename, remover,
            {it: package.files[it] for it in basenames},
            {it: set(package.labels[it]) for it in basenames}, set(package.releases)))
        return self.trash[-1]

    def _forget(self, package, version=None):
        """What the trash has of a package, or of one of its releases, is gone for good."""
        self.trash = [it for it in self.trash
                      if it.package is not package or version not in (None, it.version)]

    def remove_file(self, owner, file, remover, final=False):
        """As all of these: what is in the trash then, or None."""
        item = None if final else self._throw(owner, "file", file.name, remover, [file.basename],
                                              file.version, file.basename)
        self._take_file(owner, file)
        return item

    def remove_release(self, owner, name, version, remover, final=False):
        package, item = self.packages[owner, name], None
        files = [it for it in package.files.values() if it.version == version]
        if final:
            self._forget(package, version)
        elif files:
            item = self._throw(owner, "release", name, remover, [it.basename for it in files],
                               version)
        package.releases.discard(version)
        for file in files:
            self._take_file(owner, file)
        return item

    def remove_package(self, owner, name, remover, final=False):
        package, item = self.packages[owner, name], None
        if final:
            self._forget(package)
        elif package.files or any(it.package is package for it in self.trash):
            item = self._throw(owner, "package", name, remover, list(package.files))
        self._take_package(owner, name)
        return item

    def is_in_the_way(self, item):
        """Of putting it back: another package of the name, or none at all, or the file itself."""
        found = self.packages.get((item.owner, item.name))
        if item.kind == "package":
            return found is not None
        return found is not item.package or any(it in found.files for it in item.files)

    def restore(self, item):
        package = item.package
        if item.kind == "package":
            self.packages[item.owner, item.name] = package
            package.files, package.labels, package.releases = {}, {}, set(item.releases)
            for group in package.chosen:
                group.packages.add(item.name)       # of one that is gone nobody asks
        else:
            package.releases.add(item.version)
        package.files.update(item.files)
        package.labels.update(item.labels)
        self._widen(item.owner, package)
        self.trash.remove(item)

    def end(self, item):
        """A package takes along what was removed of it before."""
        if item.kind == "package":
            self._forget(item.package)
        else:
            self.trash.remove(item)

    def transfer(self, owner, name, target):
        """Collaborators from outside keep what they were given; the former owner's people do not."""
        package = self.packages[owner, name]
        package.collaborators = {login: it for login, it in package.collaborators.items()
                                 if login != target and not (
                                     owner in self.groups and self.is_member(login, owner))}
        self._take_package(owner, name)
        self.packages[target, name] = package
        for item in self.trash:
            if item.package is package:
                item.owner = target
        self._widen(target, package)

    def found(self, organization, founder):
        self.groups[organization] = {"owners": Group(ADMIN, True, {founder})}

    def leave(self, login, organization):
        """False: the last owner cannot. Who leaves keeps nothing that he was given there."""
        groups = self.groups[organization]
        if groups["owners"].members == {login}:
            return False
        if not self.is_member(login, organization):
            return True     # a superuser may, to no effect
        for group in groups.values():
            group.members.discard(login)
        theirs = [package for (owner, _), package in self.packages.items() if owner == organization]
        theirs += [it.package for it in self.trash if it.owner == organization]
        for package in theirs:
            package.collaborators.pop(login, None)
        return True
