"""Credentials that are refused are not sent again and again: servers lock accounts for that."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from aiohttp import BasicAuth, web

from saitotui.clients import http as client
from saitotui.clients.hub import Hub
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind
from saitotui.model.profile import Application, Host, HttpService, Profile, SecretRef, Tomcat

ASKED = Command(Client.HTTP, "tc1", "GET /text/list")


@dataclass
class Manager:
    """Lets one password in, and counts wrong ones."""

    password: str
    wrong: int = 0

    async def answer(self, request: web.Request) -> web.Response:
        given = BasicAuth.decode(request.headers["Authorization"])
        if given.password != self.password:
            self.wrong += 1
            return web.Response(status=401)
        return web.Response(text="OK - Listed")


@asynccontextmanager
async def hub_of(manager: Manager, secret: Path) -> AsyncIterator[Hub]:
    app = web.Application()
    app.router.add_get("/manager/{rest:.*}", manager.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/manager"
    tomcat = Tomcat("tc1", HttpService(url, "saitotui", SecretRef(f"file:{secret}")))
    hub = Hub(Profile("p", {"tc1": Host("127.0.0.1")}, application=Application({}, {"tc1": tomcat})))
    try:
        yield hub
    finally:
        await hub.aclose()
        await runner.cleanup()


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    file = tmp_path / "secret"
    file.touch(0o600)
    file.write_text("old")
    return file


async def test_wrong_ones_are_sent_once_however_much_is_asked(secret: Path) -> None:
    manager = Manager("new")
    async with hub_of(manager, secret) as hub:
        many = await asyncio.gather(*(hub.ask([ASKED] * 3, 5) for _ in range(3)))
        later = await hub.ask([ASKED], 5)
    every = [answer for answers in (*many, later) for answer in answers]
    assert len(every) == 10
    assert all(isinstance(one, Failure) and one.kind is FailureKind.DENIED for one in every)
    assert manager.wrong == 1


async def test_what_is_put_right_is_found_after_a_while(
    secret: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DENIED_FOR", 0.2)
    manager = Manager("new")
    async with hub_of(manager, secret) as hub:
        assert isinstance((await hub.ask([ASKED], 5))[0], Failure)
        await asyncio.to_thread(secret.write_text, "new")
        await asyncio.sleep(0.3)
        answers = await hub.ask([ASKED] * 3, 5)
    assert all(isinstance(answer, Answer) for answer in answers)
    assert manager.wrong == 1


async def test_a_password_that_is_changed_meanwhile_is_sent_once_more(secret: Path) -> None:
    manager = Manager("old")
    async with hub_of(manager, secret) as hub:
        assert all(isinstance(answer, Answer) for answer in await hub.ask([ASKED] * 3, 5))
        manager.password = "new"
        first = await hub.ask([ASKED], 5)
        again = await hub.ask([ASKED] * 3, 5)
    assert all(isinstance(answer, Failure) for answer in (*first, *again))
    assert manager.wrong == 1


async def test_one_that_hangs_holds_nobody_up_for_long(secret: Path) -> None:
    class Hung(Manager):
        async def answer(self, request: web.Request) -> web.Response:
            await asyncio.sleep(30)
            return web.Response()

    async with hub_of(Hung("old"), secret) as hub:
        async with asyncio.timeout(5):
            answers = await hub.ask([ASKED] * 6, 0.2)
    assert all(isinstance(answer, Failure) for answer in answers)
