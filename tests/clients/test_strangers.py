"""No password is shown to whoever answers, nothing that a peer or a command holds ends in an exception."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest
from tests.clients.conftest import SshPeer, Talk

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.model.command import Answer, Client, Command, Danger, Failure, FailureKind
from saitotui.model.profile import (
    Application,
    Cluster,
    Database,
    Haproxy,
    Hardware,
    Host,
    HttpService,
    JourneyCheck,
    MysqlServer,
    Profile,
    SecretRef,
    Tls,
)
from saitotui.simulator.simulation import Simulation

CANARY = "canärý-☂-secret"
Tcp = Callable[[Talk], Awaitable[int]]


async def one(profile: Profile, command: Command, deadline: float = 5.0) -> Answer | Failure:
    hub = Hub(profile)
    try:
        return (await hub.ask([command], deadline))[0]
    finally:
        await hub.aclose()


@pytest.fixture
def canary(tmp_path: Path) -> SecretRef:
    file = tmp_path / "canary"
    file.touch(0o600)
    file.write_text(CANARY, "utf-8")
    return SecretRef(f"file:{file}")


def greeting(plugin: str, capabilities: int = 0x000F_A20D & ~0x800 | 0x0008_0000) -> bytes:
    """A server's first packet (MySQL, "Protocol::HandshakeV10"), by default without TLS."""
    body = b"\x0a10.11.0-MariaDB\0" + struct.pack("<I", 7) + b"a" * 8 + b"\0"
    body += struct.pack("<HBHH", capabilities & 0xFFFF, 45, 2, capabilities >> 16)
    body += bytes([21]) + b"\0" * 10 + b"b" * 12 + b"\0" + plugin.encode() + b"\0"
    return len(body).to_bytes(3, "little") + b"\0" + body


class Thief:
    """A MySQL server that keeps all it is told."""

    def __init__(self, plugin: str, switch: str = "") -> None:
        self.heard = bytearray()
        self._plugin, self._switch = plugin, switch

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting(self._plugin))
        if self._switch:
            self.heard += await reader.read(4096)
            body = b"\xfe" + self._switch.encode() + b"\0"
            writer.write(len(body).to_bytes(3, "little") + b"\x02" + body)
        elif self._plugin == "caching_sha2_password":
            self.heard += await reader.read(4096)
            writer.write(b"\x02\0\0\x02\x01\x04")  # AuthMoreData: perform_full_authentication
            if await reader.read(4096) == b"\x01\0\0\x03\x02":  # request_public_key
                self.heard += CANARY.encode()
        while content := await reader.read(4096):
            self.heard += content


@pytest.mark.parametrize(
    ("thief", "tls"),
    [
        pytest.param(Thief("mysql_native_password"), Tls(), id="no TLS though demanded"),
        pytest.param(Thief("mysql_clear_password"), None, id="clear password first"),
        pytest.param(Thief("mysql_native_password", "mysql_clear_password"), None, id="clear password then"),
        pytest.param(Thief("caching_sha2_password"), None, id="under a key of the thief's"),
    ],
)
async def test_mysql_shows_no_password(tcp: Tcp, thief: Thief, tls: Tls | None, canary: SecretRef) -> None:
    port = await tcp(thief.talk)
    server = MysqlServer("h", "u", canary, address="127.0.0.1", port=port, tls=tls)
    profile = Profile("t", {"h": Host("127.0.0.1")}, database=Database({"db1": server}))
    answer = await one(profile, Command(Client.MYSQL, "db1", "SELECT 1"))
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.DENIED
    assert "TLS" in answer.sentence
    for form in (CANARY.encode(), CANARY.encode("latin-1", "ignore")):
        assert form not in thief.heard
    assert not any(part in answer.sentence for part in ("canär", "☂", "\\u2602"))


async def test_a_secret_in_a_statement_is_put_in_by_the_client_and_shown_by_nobody(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        password = simulation.passwords["repl"]
        good = "CHANGE MASTER TO master_host = 'db1', master_password = '{secret:replication}'"
        for text in (good, f"{good} NONSENSE (", "NONSENSE '{secret:replication}'"):
            answer = await one(profile, Command(Client.MYSQL, "db2", text, danger=Danger.DISRUPTIVE))
            assert password not in repr(answer)
        unknown = await one(profile, Command(Client.MYSQL, "db2", "SELECT '{secret:other}'"))
        assert isinstance(unknown, Failure)
        assert unknown.kind is FailureKind.DENIED


async def test_a_secret_that_a_program_repeats_is_covered(tmp_path: Path) -> None:
    """As a value, as an SQL literal, as an attribute in XML: with what each has to quote."""
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        secret = """<it's & $ecret>"""
        (tmp_path / "sim" / "secrets" / "repl").write_text(secret, "utf-8")
        profile = load_profile(simulation.profile_path)
        for body in ("'{secret:replication}'", '"{secret:replication}"'):
            answer = await one(profile, Command(Client.SSH, "db1", "cat", f"near {body} at line 1\n"))
            assert isinstance(answer, Answer), answer
            assert answer.text == f"near {body[0]}(covered){body[0]} at line 1\n"
        plain = await one(profile, Command(Client.SSH, "db1", "cat", "password={secret:replication}\n"))
        assert isinstance(plain, Failure)
        assert "neither quotes" in plain.sentence


async def test_a_pinned_cluster_gets_no_password(tmp_path: Path, tcp: Tcp, canary: SecretRef) -> None:
    heard = bytearray()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while content := await reader.read(4096):
            heard.extend(content)

    port = await tcp(listen)
    tls = Tls(fingerprint="11" * 32)
    cluster = Cluster({}, (f"https://127.0.0.1:{port}",), user="root@pam", secret=canary, tls=tls)
    answer = await one(Profile("t", {}, cluster=cluster), Command(Client.PROXMOX, "cluster", "get /version"))
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.DENIED
    assert "API token" in answer.sentence
    assert not heard


async def test_a_nul_is_a_sentence(ssh_peer: SshPeer) -> None:
    answer = await one(Profile("t", {"h": Host("127.0.0.1")}), Command(Client.SSH, "h", "echo \0"))
    assert isinstance(answer, Failure)
    assert "NUL" in answer.sentence


async def test_a_shell_that_ended_while_idle_is_replaced_for_reads_only(ssh_peer: SshPeer) -> None:
    host = Host(
        "127.0.0.1",
        port=ssh_peer.port,
        user="u",
        identity=ssh_peer.identity,
        known_hosts=ssh_peer.known_hosts,
    )
    hub = Hub(Profile("t", {"h": host}))
    try:
        kill = Command(Client.SSH, "h", "(sleep 0.2; kill -KILL $$) >/dev/null 2>&1 & echo soon")
        for danger in (Danger.READ, Danger.REVERSIBLE):
            assert isinstance((await hub.ask([kill], 5))[0], Answer)
            await asyncio.sleep(1.0)
            again = (await hub.ask([Command(Client.SSH, "h", "echo here", danger=danger)], 5))[0]
            assert isinstance(again, Answer) is (danger is Danger.READ), again
    finally:
        await hub.aclose()


async def test_an_unknown_charset_is_read_all_the_same(tcp: Tcp) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=klingon\r\nContent-Length: 2\r\n\r\nok"
        )
        await writer.drain()

    check = JourneyCheck("j", HttpService(f"http://127.0.0.1:{await tcp(talk)}"))
    profile = Profile("t", {}, application=Application({}, {}, journeys=(check,)))
    answer = await one(profile, Command(Client.HTTP, "journey/j", "GET"))
    assert isinstance(answer, Answer)
    assert answer.text == "ok"


async def test_what_is_no_object_is_a_failure_not_an_exception(tmp_path: Path) -> None:
    async with Simulation(tmp_path / "sim", frozen=True) as simulation:
        profile = load_profile(simulation.profile_path)
        answer = await one(profile, Command(Client.PROXMOX, "cluster", "get /version", "[1, 2]"))
        assert isinstance(answer, Failure)


async def test_robot_is_sent_a_form(tcp: Tcp) -> None:
    heard = bytearray()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.extend(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}")
        await writer.drain()

    service = HttpService(f"http://127.0.0.1:{await tcp(talk)}")
    profile = Profile("t", {}, hardware=Hardware(service))
    await one(profile, Command(Client.ROBOT, "robot", "POST /reset/1", '{"type": "hw"}'))
    assert b"content-type: application/x-www-form-urlencoded" in heard.lower()


async def test_acts_on_haproxy_keep_their_order(tcp: Tcp) -> None:
    heard: list[bytes] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readline()
        # The first is answered last, so that they would change places if they were not sent in turn.
        await asyncio.sleep(0.05 if not heard else 0)
        heard.append(line)
        writer.write(b"\n")
        await writer.drain()

    node = Haproxy("h", address="127.0.0.1", port=await tcp(talk))
    profile = Profile("t", {"h": Host("127.0.0.1")}, database=Database({}, {"lb1": node}))
    hub = Hub(profile)
    try:
        line = Command(Client.HAPROXY, "lb1", "", danger=Danger.DISRUPTIVE)
        await hub.ask([replace(line, text=f"set {number}") for number in range(5)], 5)
    finally:
        await hub.aclose()
    assert heard == [f"set {number}\n".encode() for number in range(5)]
