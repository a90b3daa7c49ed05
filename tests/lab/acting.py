"""What a server that hung has kept of an acting session, and when it is carried out."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace

from tests.lab.pair import Pair

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.model.command import ACTING, Answer, Client, Command, Danger, Failure

TIMES = 12
KEPT = "SET GLOBAL read_only = OFF"


def opens_late(pair: Pair, session: str = ACTING) -> int:
    """How often a replica that hung was seen closed first, in `session`, and opened afterwards, by what it
    was told in the acting session before. It is closed at the end."""
    return asyncio.run(_opens_late(pair, session))


async def _opens_late(pair: Pair, session: str) -> int:
    server, late = pair.databases[pair.replica], 0
    hub = Hub(load_profile(pair.profile))
    seen = Command(Client.MYSQL, pair.replica, "SELECT @@global.read_only AS closed", session=session)
    tell = replace(seen, danger=Danger.DISRUPTIVE, session=ACTING)
    try:
        for number in range(TIMES):
            assert isinstance(await _one(hub, replace(tell, text="SET GLOBAL read_only = ON")), Answer)
            assert isinstance(await _one(hub, seen), Answer)
            server.pause()
            await asyncio.sleep(0.05)
            try:
                kept = await _one(hub, replace(tell, text=KEPT), 0.3)
                assert isinstance(kept, Failure), kept
                asked = asyncio.ensure_future(_one(hub, seen, 10.0))
                await asyncio.sleep(0.2 + 0.03 * number)
            finally:
                server.resume()
            first = await asked
            assert isinstance(first, Answer), first
            closed, until = first.rows[0]["closed"] == 1, time.monotonic() + 0.3
            while closed and time.monotonic() < until:
                if not server.sql("SELECT @@global.read_only AS closed")[0]["closed"]:
                    late += 1
                    break
    finally:
        await hub.aclose()
        server.sql("SET GLOBAL read_only = ON")
    return late


async def _one(hub: Hub, command: Command, deadline: float = 5.0) -> Answer | Failure:
    return (await hub.ask([command], deadline))[0]
