"""Files sent over HTTP: whole and as approved, or not at all; and visitors who keep their cookies."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web
from tests.clients.conftest import Talk

from saitotui.clients import http as client
from saitotui.clients.files import sha256_of
from saitotui.clients.hub import Hub
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, File, Visitor
from saitotui.model.profile import Application, Host, HttpService, Profile, Tomcat

Tcp = Callable[[Talk], Awaitable[int]]


@dataclass
class Peer:
    """What came: bodies that were whole, and how many were cut off."""

    bodies: list[bytes] = field(default_factory=list)
    cut: int = 0

    async def take(self, request: web.Request) -> web.Response:
        try:
            self.bodies.append(await request.read())
        except web.HTTPException:
            raise
        except Exception:
            self.cut += 1
            raise
        return web.Response(text="OK - Deployed")

    @staticmethod
    async def count(request: web.Request) -> web.Response:
        """Knows its visitors by a cookie; /forget gives everybody a new one."""
        answer = web.Response(text=request.cookies.get("who", "nobody"))
        if "who" not in request.cookies or request.path.endswith("forget"):
            answer.set_cookie("who", "somebody")
        return answer


@asynccontextmanager
async def serving(peer: Peer) -> AsyncIterator[int]:
    app = web.Application(client_max_size=64 << 20)
    app.router.add_put("/manager/{rest:.*}", peer.take)
    app.router.add_get("/app/{rest:.*}", peer.count)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def profile(port: int) -> Profile:
    tomcat = Tomcat("tc1", HttpService(f"http://127.0.0.1:{port}/manager"))
    return Profile("p", {"tc1": Host("127.0.0.1")}, application=Application({}, {"tc1": tomcat}))


@pytest.fixture
def file(tmp_path: Path) -> File:
    path = tmp_path / "app.war"
    path.write_bytes(bytes(range(256)) * 8192)
    return File(str(path), sha256_of(path), path.stat().st_size)


def upload(file: File) -> Command:
    return Command(Client.HTTP, "tc1", "PUT /text/deploy?path=%2Fapp", file=file)


async def test_it_arrives_whole_and_its_way_is_told(file: File) -> None:
    peer, told = Peer(), list[tuple[str, int, int]]()
    async with serving(peer) as port:
        hub = Hub(profile(port), lambda *what: told.append(what))
        (answer,) = await hub.ask([upload(file)], 10)
        await hub.aclose()
    assert isinstance(answer, Answer)
    assert answer.text == "OK - Deployed"
    assert [len(body) for body in peer.bodies] == [file.size]
    assert told[-1] == ("tc1", file.size, file.size)
    assert [done for _, done, _ in told] == sorted(done for _, done, _ in told)


async def test_what_was_not_approved_is_not_sent(file: File) -> None:
    await asyncio.to_thread(Path(file.path).write_bytes, b"another build")
    peer = Peer()
    async with serving(peer) as port:
        hub = Hub(profile(port))
        (answer,) = await hub.ask([upload(file)], 10)
        await hub.aclose()
    assert isinstance(answer, Failure)
    assert "its content is not what was approved" in answer.sentence
    assert peer.bodies == []


async def test_one_that_stands_still_is_given_up(
    tcp: Tcp, file: File, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "STALL", 0.3)

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        await asyncio.sleep(60)

    big = Path(file.path).with_name("big.war")
    await asyncio.to_thread(big.write_bytes, bytes(32 << 20))
    sent = File(str(big), await asyncio.to_thread(sha256_of, big), 32 << 20)
    hub = Hub(profile(await tcp(deaf)))
    (answer,) = await hub.ask([upload(sent)], 30)
    await hub.aclose()
    assert isinstance(answer, Failure)
    assert answer.kind is FailureKind.TIMEOUT
    assert "stood still" in answer.sentence


async def test_a_connection_that_breaks_in_the_middle_may_have_done_it(tcp: Tcp, file: File) -> None:
    async def breaking(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100_000)
        writer.transport.abort()

    hub = Hub(profile(await tcp(breaking)))
    (answer,) = await hub.ask([upload(file)], 10)
    await hub.aclose()
    assert isinstance(answer, Failure)
    assert answer.kind in (FailureKind.UNREACHABLE, FailureKind.TIMEOUT)


async def test_a_session_is_one_visitor() -> None:
    async def ask(hub: Hub, path: str, session: str) -> Answer:
        command = Command(Client.HTTP, "tc1/app", f"GET {path}", session=session)
        (answer,) = await hub.ask([command], 5)
        assert isinstance(answer, Answer), answer
        return answer

    async with serving(Peer()) as port:
        hub = Hub(profile(port))
        first = await ask(hub, "/count", "one")
        again = await ask(hub, "/count", "one")
        other = await ask(hub, "/count", "two")
        lost = await ask(hub, "/forget", "one")
        await hub.aclose()
    assert (first.visitor, first.text) == (Visitor.STRANGER, "nobody")
    assert (again.visitor, again.text) == (Visitor.KNOWN, "somebody")
    assert other.visitor == Visitor.STRANGER
    assert lost.visitor == Visitor.FORGOTTEN


async def test_all_who_ask_at_the_same_time_share_one_connection() -> None:
    """Questions of a preflight come one by one, all at once: none may leave an open client behind."""
    async with serving(Peer()) as port:
        hub = Hub(profile(port))
        command = Command(Client.HTTP, "tc1/app", "GET /count", session="one")
        answers = await asyncio.gather(*(hub.ask([command], 5) for _ in range(6)))
        again = (await hub.ask([command], 5))[0]
        await hub.aclose()
    assert all(isinstance(answer, Answer) for (answer,) in answers)
    assert isinstance(again, Answer)
    assert again.visitor == Visitor.KNOWN
