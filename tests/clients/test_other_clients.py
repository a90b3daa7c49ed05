"""MySQL, HAProxy, HTTP, Proxmox, Zabbix and Robot against peers that are well, hostile, or hung."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from tests.clients.conftest import Talk
from tests.clients.conftest import Tls as Certificates

from saitotui.clients import quoting
from saitotui.clients.hub import Hub
from saitotui.clients.secrets import Secret, resolve
from saitotui.config import load_profile
from saitotui.model.command import ACTING, Answer, Client, Command, Failure, FailureKind
from saitotui.model.profile import (
    Application,
    Cluster,
    Database,
    Haproxy,
    Hardware,
    Host,
    HttpService,
    JourneyCheck,
    Monitoring,
    MysqlServer,
    Profile,
    SecretRef,
    Tls,
)
from saitotui.simulator.simulation import Simulation

CANARY = "canary-Zx81-secret"
Tcp = Callable[[Talk], Awaitable[int]]


def failure(answer: Answer | Failure) -> Failure:
    assert isinstance(answer, Failure)
    return answer


async def one(profile: Profile, command: Command, deadline: float = 3.0) -> Answer | Failure:
    hub = Hub(profile)
    try:
        return (await hub.ask([command], deadline))[0]
    finally:
        await hub.aclose()


async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await asyncio.sleep(60)


async def rude(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"\x00\xff\x1b[31m nonsense \xff" * 20)
    await writer.drain()


async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    return


# MySQL and HAProxy, on the simulated platform


@pytest.fixture
async def platform(tmp_path: Path) -> AsyncIterator[tuple[Simulation, Hub]]:
    async with Simulation(tmp_path / "fsn1", frozen=True) as simulation:
        hub = Hub(load_profile(simulation.profile_path))
        yield simulation, hub
        await hub.aclose()


def sql(text: str, session: str = "", target: str = "db1") -> Command:
    return Command(Client.MYSQL, target, text, session=session)


async def test_statements_are_answered_in_order_on_one_connection(platform: tuple[Simulation, Hub]) -> None:
    _, hub = platform
    answers = await hub.ask(
        [sql("SELECT CONNECTION_ID() AS id"), sql("SELECT @@read_only AS ro"), sql("SELECT 1")], 3
    )
    again = await hub.ask([sql("SELECT CONNECTION_ID() AS id")], 3)
    other = await hub.ask([sql("SELECT CONNECTION_ID() AS id", "other")], 3)
    assert all(isinstance(answer, Answer) for answer in answers)
    assert answers[0] == again[0]
    assert other[0] != again[0]
    assert answers[1] == Answer(rows=({"ro": 0},))


async def test_errors_of_the_server_are_told_with_their_number(platform: tuple[Simulation, Hub]) -> None:
    _, hub = platform
    wrong, right = await hub.ask([sql("SELEKT 1"), sql("SELECT 1 AS one")], 3)
    assert failure(wrong).kind is FailureKind.ERROR
    assert "1064" in failure(wrong).sentence
    assert right == Answer(rows=({"one": 1},))


async def test_a_wrong_password_is_denied_and_never_shown(
    platform: tuple[Simulation, Hub], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    simulation, _ = platform
    caplog.set_level(logging.DEBUG)
    file = tmp_path / "wrong"
    file.touch(0o600)
    file.write_text(CANARY)
    profile = load_profile(simulation.profile_path)
    assert profile.database is not None
    server = replace(profile.database.servers["db1"], password=SecretRef(f"file:{file}"))
    changed = replace(profile, database=replace(profile.database, servers={"db1": server}))
    answer = failure(await one(changed, sql("SELECT 1")))
    assert answer.kind is FailureKind.DENIED
    assert CANARY not in answer.sentence + repr(changed) + caplog.text


async def test_a_hung_statement_ends_at_its_deadline_and_in_the_server(
    platform: tuple[Simulation, Hub],
) -> None:
    simulation, hub = platform
    await hub.ask([sql("FLUSH TABLES WITH READ LOCK", "holder")], 3)
    (stuck,) = await hub.ask([sql("SET GLOBAL read_only=1", "victim")], 0.3)
    assert failure(stuck).kind is FailureKind.TIMEOUT
    assert await hub.ask([sql("SELECT 1 AS one", "victim")], 3) == [Answer(rows=({"one": 1},))]
    await hub.ask([sql("UNLOCK TABLES", "holder")], 3)
    await asyncio.sleep(0)
    assert not simulation.database.servers["db1"].read_only


async def test_whoever_acts_is_alone(platform: tuple[Simulation, Hub]) -> None:
    """What another console left under way on the server is over before anything is answered."""
    simulation, hub = platform
    earlier = Hub(load_profile(simulation.profile_path))
    try:
        (first,) = await earlier.ask([sql("SELECT CONNECTION_ID() AS id", ACTING)], 3)
        await earlier.ask([sql("FLUSH TABLES WITH READ LOCK", ACTING)], 3)
        assert isinstance(first, Answer)
        (answer,) = await hub.ask([sql("SELECT IS_USED_LOCK('saitotui') AS one", ACTING)], 3)
        assert isinstance(answer, Answer)
        assert answer.rows[0]["one"] not in (None, first.rows[0]["id"])
        assert not simulation.database.servers["db1"].frozen
        assert failure((await earlier.ask([sql("UNLOCK TABLES", ACTING)], 3))[0])
    finally:
        await earlier.aclose()


async def test_who_cannot_be_alone_does_not_act(platform: tuple[Simulation, Hub]) -> None:
    simulation, hub = platform
    server = simulation.database.servers["db1"]
    server.user_locks["saitotui"] = 77
    (answer,) = await hub.ask([sql("SET GLOBAL read_only=1", ACTING)], 1.5)
    assert (
        "connection 77 of an earlier run still acts on it: end it there (KILL 77)" in failure(answer).sentence
    )
    assert not server.read_only
    server.user_locks.clear()
    assert await hub.ask([sql("SELECT 1 AS one", ACTING)], 3) == [Answer(rows=({"one": 1},))]


async def test_haproxy_is_asked_through_ssh(platform: tuple[Simulation, Hub]) -> None:
    _, hub = platform
    stat, unknown = await hub.ask(
        [Command(Client.HAPROXY, "lb1", "show stat"), Command(Client.HAPROXY, "lb1", "nonsense")], 3
    )
    assert isinstance(stat, Answer)
    assert stat.text.startswith("# pxname,svname")
    assert failure(unknown).kind is FailureKind.ERROR


async def test_a_dark_a_stopped_and_a_hung_machine_are_three_things(platform: tuple[Simulation, Hub]) -> None:
    simulation, hub = platform
    expected = {"network-cut": FailureKind.UNREACHABLE, "hung-host": FailureKind.UNREACHABLE}
    for fault, kind in expected.items():
        simulation.inject(fault, "db2")
        assert failure((await hub.ask([sql("SELECT 1", fault, "db2")], 0.4))[0]).kind is kind
        simulation.heal("db2")
    simulation.inject("service-stop", "db2/mariadb")
    assert failure((await hub.ask([sql("SELECT 1", "", "db2")], 3))[0]).kind is FailureKind.REFUSED


@pytest.mark.parametrize("talk", [silent, rude, gone])
async def test_mysql_and_haproxy_survive_any_peer(tcp: Tcp, talk: Talk) -> None:
    port = await tcp(talk)
    database = Database(
        {"db1": MysqlServer("h", "u", address="127.0.0.1", port=port)},
        {"lb1": Haproxy("h", address="127.0.0.1", port=port)},
    )
    profile = Profile("t", {"h": Host("127.0.0.1")}, database=database)
    for command in (sql("SELECT 1"), Command(Client.HAPROXY, "lb1", "show stat")):
        answer = await one(profile, command, 0.5)
        assert isinstance(answer, Failure) or talk is rude
        if isinstance(answer, Failure):
            assert answer.sentence.isprintable()


# HTTP


async def serve(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], tls: ssl.SSLContext | None = None
) -> tuple[web.AppRunner, int]:
    application = web.Application()
    application.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    await web.TCPSite(runner, "127.0.0.1", port, ssl_context=tls).start()
    return runner, port


def journey(url: str, **more: Any) -> Profile:
    check = JourneyCheck("j", HttpService(url, **more))
    return Profile("t", {}, application=Application({}, {}, journeys=(check,)))


GET = Command(Client.HTTP, "journey/j", "GET")


async def test_tls_is_verified_by_authority_or_by_fingerprint(tls: Certificates, tmp_path: Path) -> None:
    async def hello(request: web.Request) -> web.Response:
        return web.json_response({"hello": 1})

    runner, port = await serve(hello, tls.server)
    url = f"https://127.0.0.1:{port}/x"
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    from saitotui.simulator.certificates import authority_and_server

    authority_and_server(stranger)
    good = [
        Tls(ca=tls.ca),
        Tls(fingerprint=tls.fingerprint),
        Tls(fingerprint=":".join([tls.fingerprint[i : i + 2].upper() for i in range(0, 64, 2)])),
    ]
    bad = [
        Tls(),
        Tls(ca=str(stranger / "ca.pem")),
        Tls(fingerprint="00" * 32),
        Tls(ca=str(tmp_path / "none")),
    ]
    answers = [await one(journey(url, tls=how), GET) for how in (*good, *bad)]
    await runner.cleanup()
    assert [answer.status for answer in answers[:3] if isinstance(answer, Answer)] == [200] * 3
    assert answers[0].data == {"hello": 1} if isinstance(answers[0], Answer) else False
    assert [failure(answer).kind for answer in answers[3:]] == [FailureKind.DENIED] * 4


async def test_http_answers_and_failures() -> None:
    async def handler(request: web.Request) -> web.Response:
        if request.path == "/big":
            return web.Response(body=b"x" * 5_000_000)
        if request.path == "/slow":
            await asyncio.sleep(60)
        if request.path == "/away":
            raise web.HTTPFound("http://127.0.0.1:1/")
        return web.Response(status=401 if "Authorization" in request.headers else 503, text="[/b] \x1b[31m")

    runner, port = await serve(handler)
    base = f"http://127.0.0.1:{port}"
    busy, moved = await one(journey(base), GET), await one(journey(f"{base}/away"), GET)
    big, slow = await one(journey(f"{base}/big"), GET), await one(journey(f"{base}/slow"), GET, 0.3)
    denied = await one(journey(base, user="u"), GET)
    await runner.cleanup()
    refused = await one(journey(base), GET)
    assert isinstance(busy, Answer)
    assert isinstance(moved, Answer)
    assert (busy.status, moved.status) == (503, 302)
    kinds = [failure(answer).kind for answer in (big, slow, denied, refused)]
    assert kinds == [FailureKind.UNPARSABLE, FailureKind.TIMEOUT, FailureKind.DENIED, FailureKind.REFUSED]


@pytest.mark.parametrize("talk", [silent, rude, gone])
async def test_http_survives_any_peer(tcp: Tcp, talk: Talk) -> None:
    answer = failure(await one(journey(f"http://127.0.0.1:{await tcp(talk)}"), GET, 0.4))
    assert answer.sentence.isprintable()


# Proxmox, Zabbix, Robot


async def test_the_first_cluster_node_that_answers_is_asked(platform: tuple[Simulation, Hub]) -> None:
    simulation, hub = platform
    command = Command(Client.PROXMOX, "cluster", "get /cluster/status")
    simulation.inject("service-stop", "pve1/pveproxy")
    (answer,) = await hub.ask([command], 6)
    assert isinstance(answer, Answer)
    missing = failure((await hub.ask([Command(Client.PROXMOX, "cluster", "get /nope")], 6))[0])
    assert missing.kind is FailureKind.ERROR
    assert "501 Method 'GET /nope' not implemented" in missing.sentence


async def test_proxmox_by_pinned_fingerprint_by_ticket_and_denied(
    platform: tuple[Simulation, Hub], tmp_path: Path
) -> None:
    import hashlib

    simulation, _ = platform
    profile = load_profile(simulation.profile_path)
    cluster = profile.cluster
    assert cluster is not None
    pem = (simulation.directory / "server.pem").read_text()
    der = ssl.PEM_cert_to_DER_cert(pem[pem.index("-----BEGIN CERTIFICATE") :])
    pinned = replace(cluster, tls=Tls(fingerprint=hashlib.sha256(der).hexdigest()))
    wrong = replace(cluster, tls=Tls(fingerprint="11" * 32), api=cluster.api[:1])
    command = Command(Client.PROXMOX, "cluster", "get /version")
    assert isinstance(await one(replace(profile, cluster=pinned), command, 6), Answer)
    assert failure(await one(replace(profile, cluster=wrong), command, 6)).kind is FailureKind.DENIED


async def test_zabbix_answers_a_batch_and_tells_errors_apart(platform: tuple[Simulation, Hub]) -> None:
    _, hub = platform
    commands = [
        Command(Client.ZABBIX, "zabbix", "problem.get", json.dumps({"output": ["eventid"]})),
        Command(Client.ZABBIX, "zabbix", "nonsense.get"),
        Command(Client.ZABBIX, "zabbix", "host.get", json.dumps({"output": ["host"], "limit": 1})),
    ]
    problems, wrong, hosts = await hub.ask(commands, 6)
    assert isinstance(problems, Answer)
    assert isinstance(hosts, Answer)
    assert failure(wrong).kind is FailureKind.ERROR


@pytest.mark.parametrize("talk", [silent, rude, gone])
async def test_apis_survive_any_peer(tcp: Tcp, talk: Talk) -> None:
    url = f"http://127.0.0.1:{await tcp(talk)}"
    profile = Profile(
        "t",
        {"h": Host("127.0.0.1")},
        cluster=Cluster({"h": "h"}, (url.replace("http", "https"),), token_id="a@pve!b"),
        monitoring=Monitoring(HttpService(url)),
        hardware=Hardware(HttpService(url)),
    )
    for command in (
        Command(Client.PROXMOX, "cluster", "get /version"),
        Command(Client.ZABBIX, "zabbix", "problem.get"),
        Command(Client.ROBOT, "robot", "GET /server"),
    ):
        assert failure(await one(profile, command, 0.5)).sentence.isprintable()


async def test_robots_errors_have_their_sentence(platform: tuple[Simulation, Hub]) -> None:
    simulation, hub = platform
    (servers,) = await hub.ask([Command(Client.ROBOT, "robot", "GET /server")], 4)
    assert isinstance(servers, Answer)
    simulation.inject("robot-limit", "robot")
    limited = failure((await hub.ask([Command(Client.ROBOT, "robot", "GET /server")], 4))[0])
    assert "RATE_LIMIT_EXCEEDED" in limited.sentence


# Secrets and quoting


async def test_secrets_are_resolved_and_never_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text(f"{CANARY}\n")
    for reference in ("env:CANARY", f"file:{file}", f"command:printf {CANARY}"):
        secret = await resolve(SecretRef(reference))
        assert isinstance(secret, Secret)
        assert secret.reveal() == CANARY
        assert CANARY not in f"{secret} {secret!r} {[secret]}"
    file.chmod(0o644)
    assert "chmod 600 it" in failure_of(await resolve(SecretRef(f"file:{file}"))).sentence


def failure_of(secret: Secret | Failure) -> Failure:
    assert isinstance(secret, Failure)
    assert secret.kind is FailureKind.DENIED
    return secret


@pytest.mark.parametrize(
    "reference",
    [
        "env:SAITOTUI_NOT_SET",
        "file:/nowhere/secret",
        "command:false",
        "command:/nowhere/x",
        "command:'",
        "keyring:a/b",
        "plain",
    ],
)
async def test_a_secret_that_is_not_there_is_a_sentence(reference: str) -> None:
    assert failure_of(await resolve(SecretRef(reference))).sentence


def test_quoting_holds_whatever_is_put_in() -> None:
    assert quoting.shell("a'; rm -rf / #") == "'a'\"'\"'; rm -rf / #'"
    assert quoting.sql("plain 1") == "'plain 1'"
    assert quoting.sql("it's \\") == "CONVERT(x'69742773205c' USING utf8mb4)"
    assert quoting.sql_text("it's") == "'it''s'"
    assert quoting.sql_name("a`b") == "`a``b`"
    assert quoting.haproxy("mysql_write/db1") == "mysql_write/db1"
    for function, text in [
        (quoting.shell, "a\0b"),
        (quoting.sql_text, "a\\"),
        (quoting.sql_name, ""),
        (quoting.haproxy, "a; shutdown"),
        (quoting.haproxy, "a\nb"),
    ]:
        with pytest.raises(ValueError, match=r"."):
            function(text)
