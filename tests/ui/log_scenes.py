"""Logs of an application whose tc2 has just come back, drawn the same on every machine."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import replace

from tests.engine.test_waits import until

from saitotui.engine.registry import logs
from saitotui.engine.tail import Tail, Tailed
from saitotui.model.command import Command, Failure, FailureKind
from saitotui.model.log import Log
from saitotui.model.profile import Profile

ACCESS = '{} {} "GET /app/orders HTTP/1.1" up={} us={} rt=0.019 route=tc2'
SAYS: Mapping[tuple[str, str], Sequence[str]] = {
    ("web1", "access"): (
        ACCESS.format("1772939559.812", 200, "10.0.0.63:8080", 200),
        ACCESS.format("1772939560.693", 200, "10.0.0.62:8080, 10.0.0.63:8080", "502, 200"),
        ACCESS.format("1772939561.118", 500, "10.0.0.62:8080", 500),
    ),
    ("web1", "error"): (
        "2026/03/08 03:12:40 [error] 844#844: *702465 connect() failed (111: Connection refused) while "
        "connecting "
        'to upstream, client: 203.0.113.7, server: , request: "GET /app/orders HTTP/1.1", upstream: '
        '"http://10.0.0.62:8080/app/orders", host: "shop.example"',
    ),
    ("web2", "error"): (),
    ("tc1", "log"): (
        "08-Mar-2026 03:12:39.704 INFO [Tribes-Task] org.apache.catalina.ha.tcp.SimpleTcpCluster."
        "memberDisappeared "
        "Received member disappeared:[tcp://10.0.0.62:4000]",
    ),
    ("tc2", "log"): (
        "08-Mar-2026 03:12:41.102 SEVERE [http-nio-8080-exec-3] "
        "org.apache.catalina.core.StandardWrapperValve.invoke "
        "Servlet.service() for servlet [shop] in context with path [/app] threw exception",
        "java.sql.SQLException: The MariaDB server is running with the --read-only option",
        *(f"\tat shop.Orders.step{number}(Orders.java:{80 + number})" for number in range(8)),
    ),
}
"""What logs say, by node and name; web2's access log and tc3 do not answer."""


async def followed(profile: Profile) -> tuple[tuple[Log, ...], Tailed]:
    """The logs of the application, with what was heard of them."""

    class Hosts:
        async def stream(self, command: Command) -> AsyncGenerator[str | Failure, None]:
            says = next(
                (
                    lines
                    for (node, name), lines in SAYS.items()
                    if node == command.target and (name if name != "log" else "catalina") in command.text
                ),
                None,
            )
            if says is None:
                yield Failure(FailureKind.UNREACHABLE, f"{command.target}: no answer within 10 s")
                return
            yield "1772939562.000000000+0000"
            for line in says:
                yield line
            await asyncio.Event().wait()

    found = logs(profile, "application")
    tail = Tail(found, lambda: None, lambda: 1772939562.0)
    task = asyncio.create_task(tail.run(Hosts()))
    number = sum(map(len, SAYS.values()))
    await until(lambda: sum(len(one.lines) for one in tail.seen.entries) == number)
    await until(lambda: len(tail.seen.heard) == len(SAYS) and len(tail.seen.wrong) == len(found) - len(SAYS))
    task.cancel()
    seen = tail.seen
    # Streams are heard in no particular order.
    entries = [replace(one, number=n) for n, one in enumerate(reversed(seen.entries), 1)]
    return found, replace(seen, entries=tuple(reversed(entries)))
