"""Users whom an administrator shuts out."""
import pytest

from support import channel, packages
from support.publish import Refused, Upload


def put(client, path):
    return client.request("PUT", path)


def suspend(client, login):
    return put(client, f"/api/v1/admin/users/{login}/suspension")


def resume(client, login):
    return client.delete(f"/api/v1/admin/users/{login}/suspension")


@pytest.fixture(scope="module")
def boss(account):
    return account("boss", superuser=True).by_token("boss")


def publish(client, owner, path):
    Upload(client, owner, packages.describe(path)).run()


def test_all_doors_are_shut_and_open_again(server, account, boss, tiny):
    sue = account("sue")
    session, token = sue.by_session(), sue.by_token("t")
    publish(token, "sue", tiny("kept"))
    path = "/conda/sue/noarch/repodata.json"
    token.get(path).expect(200)                         # so that it is in the caches
    suspend(boss, "SUE").expect(204)
    for client in (session, token):
        answer = client.get("/api/v1/session").expect(401)
        assert answer.error == 'the account "sue" is suspended'
    token.get(path).expect(401)
    session.get(path).expect(200)                       # as anybody
    with pytest.raises(Refused) as why:
        publish(token, "sue", tiny("refused"))
    assert why.value.answer.status == 401
    right = server.client().post("/api/v1/session", {"login": "sue", "password": sue.password})
    assert right.expect(403).error == 'the account "sue" is suspended'
    by_password = sue.by_password().post("/api/authentications", {"note": "n"}).expect(403)
    assert by_password.error == 'the account "sue" is suspended'
    wrong = server.client().post("/api/v1/session", {"login": "sue", "password": "a guess"})
    assert wrong.expect(401).error == "wrong username or password"
    assert channel.listed(server.client(), "/conda/sue", "noarch").keys() == {"kept-1.0-0.conda"}
    server.client().get("/api/package/sue/kept").expect(200)
    suspend(boss, "sue").expect(204)                    # once more is no failure
    resume(boss, "sue").expect(204)
    resume(boss, "sue").expect(204)
    for client in (session, token):
        client.get("/api/v1/session").expect(200)
    publish(token, "sue", tiny("again"))


def test_groups_and_collaborations_come_back_and_organizations_go_on(server, account, boss, tiny):
    ole = account("ole")
    founder = ole.by_session()
    founder.post("/api/v1/organizations", {"login": "works"}).expect(201)
    made = founder.post("/api/authentications", {"note": "robot", "user": "works"}).expect(200)
    robot = server.client(token=made.json()["token"])
    suspend(boss, "ole").expect(204)
    founder.get("/api/groups/works").expect(401)
    publish(robot, "works", tiny("robots"))             # a token of the organization
    resume(boss, "ole").expect(204)
    founder.get("/api/groups/works").expect(200)
    founder.delete("/api/package/works/robots").expect(201)


def test_only_users_can_be_suspended(account, boss):
    account("pam").by_token("p").post("/api/v1/organizations", {"login": "club"}).expect(201)
    assert suspend(boss, "club").expect(404).error == '"club" is an organization, not a user'
    assert suspend(boss, "nobody").expect(404).error == 'there is no account "nobody"'
    assert resume(boss, "nobody").expect(404).error == 'there is no account "nobody"'


def test_somebody_must_be_left_to_administer(server, account, boss):
    assert suspend(boss, "boss").expect(409).error == "you cannot suspend yourself"
    last = server.command("admin", "user", "suspend", "boss", check=False)
    assert last.returncode == 1
    assert '"boss" is the last administrator of this server' in last.stderr
    second = account("second", superuser=True).by_token("s")
    suspend(boss, "second").expect(204)
    second.get("/api/v1/admin/security-log").expect(401)
    assert server.command("admin", "user", "suspend", "boss", check=False).returncode == 1
    assert "second                   suspended" in server.command("admin", "user", "list").stdout
    resume(boss, "second").expect(204)
    second.get("/api/v1/admin/security-log").expect(200)


def test_a_suspension_by_the_command_holds_soon(server, account):
    from support.wait import until
    ida = account("ida").by_token("i")
    ida.get("/api/user").expect(200)
    assert server.command("admin", "user", "suspend", "Ida").stdout == "suspended ida\n"
    until(lambda: ida.get("/api/user").status == 401, 5, "the suspension")
    assert server.command("admin", "user", "resume", "ida").stdout == "resumed ida\n"
    until(lambda: ida.get("/api/user").status == 200, 5, "the end of the suspension")
