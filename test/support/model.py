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


@dataclass
class Group:
    permission: int
    all_packages: bool
    members: set = field(default_factory=set)
    packages: set = field(default_factory=set)          # names


class Model:
    """login None: nobody is signed in."""

    def __init__(self, superusers):
        self.superusers = set(superusers)
        self.packages = {}       # (owner, name) -> Package
        self.groups = {}         # organization -> {name: Group}
        self.locked = set()      # (owner, label)
        self.widest = {}         # (owner, label) and (owner, label, subdir) -> the widest access
                                 # that a package had while its file was there

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

    def remove_file(self, owner, file):
        package = self.packages[owner, file.name]
        del package.files[file.basename], package.labels[file.basename]

    def remove_release(self, owner, name, version):
        package = self.packages[owner, name]
        package.releases.discard(version)
        for file in [it for it in package.files.values() if it.version == version]:
            self.remove_file(owner, file)

    def remove_package(self, owner, name):
        del self.packages[owner, name]
        for group in self.groups.get(owner, {}).values():
            group.packages.discard(name)

    def transfer(self, owner, name, target):
        """Collaborators from outside keep what they were given; the former owner's people do not."""
        package = self.packages[owner, name]
        package.collaborators = {login: it for login, it in package.collaborators.items()
                                 if login != target and not (
                                     owner in self.groups and self.is_member(login, owner))}
        self.remove_package(owner, name)
        self.packages[target, name] = package
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
        for (owner, _), package in self.packages.items():
            if owner == organization:
                package.collaborators.pop(login, None)
        return True
