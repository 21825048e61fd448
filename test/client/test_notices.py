"""`anaconda channel notice`, which the newest anaconda-client has."""
import re

import pytest

from support.anaconda import Anaconda, versions
from support.venvs import find_venv

pytestmark = pytest.mark.once    # what stores have to do with it, test/api shows on each of them

NEWEST = versions()[-1]
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"


@pytest.fixture
def someone(server, account, tmp_path):
    """someone(login): a user at a machine of his own, signed in."""
    def sign_in(login):
        it = Anaconda(find_venv(f".venv-anaconda-client-{NEWEST}"), NEWEST, tmp_path / login,
                      server.url + "/api")
        it.login(account(login), stdin="y\n").ok()
        return it
    return sign_in


def told(client, owner):
    notices = client.get(f"/conda/{owner}/notices.json").expect(200).json()["notices"]
    return [(it["level"], it["message"]) for it in notices]


def test_the_life_of_a_notice(someone, anonymous):
    alice = someone("alice")

    def notice(action, *words):
        return alice("channel", "notice", action, "alice", *words)
    said = notice("create", "--message", "Maintenance tonight", "--expires-after", "30").ok()
    said.says(r"created successfully \(draft\)", "not visible to channel users yet")
    uuid = re.search(UUID, said.text).group()
    assert told(anonymous, "alice") == []
    notice("list").ok().says(uuid, "draft", "info", "Maintenance tonight", r"1 notice\(s\)")
    notice("get", uuid).ok().says(uuid, "draft", r"Expires 20", r"Created 20", r"Updated 20")
    notice("update", uuid, "--level", "critical", "--message", "Now").ok().says("updated")
    notice("archive", uuid, "-f").fails("a draft cannot be archived")
    notice("publish", uuid, "-f").ok().says("published successfully")
    assert told(anonymous, "alice") == [("critical", "Now")]
    notice("archive", uuid, "-f").ok().says("archived successfully")
    assert told(anonymous, "alice") == []
    notice("delete", uuid, "-f").ok().says("deleted successfully")
    notice("list", "--status", "deleted").ok().says(uuid, "deleted")


def test_pages_and_refusals_are_told(someone, account, anonymous):
    carol, owner = someone("carol"), account("dora").by_session()
    for number in range(3):
        owner.post("/api/dora/notices", {
            "message": f"n{number}", "expires_at": "2999-01-01T00:00:00Z",
            "status": "published"}).expect(201)
    carol("channel", "notice", "list", "dora", "--limit", "2").ok().says(
        "n2", "n1", "Showing 1–2 of 3 notices", "--offset 2")
    carol("channel", "notice", "create", "dora", "--message", "x", "--expires-after", "1").fails(
        '"carol" may not administer "dora"')
