"""The run's socket: any number may watch, one holds the controls.

Lines of JSON over a UNIX socket (0600). The server sends every event so far, then each as it happens. A
client sends `{"do": "hello", "who": ...}`, `take` (with a reason when somebody else holds them), `go` (with
what was typed), `undo`, `abandon`, `stop` (waiting), `release`.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import struct
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from saitotui.engine.runs.folder import encode, reachable
from saitotui.engine.runs.waits import Waits
from saitotui.model.run import Decision, Kind, RunEvent

LINE_LIMIT = 64 * 1024


class Controls:
    """Serves one run. `told` is called with who did what, for events and journal; `waits` is the wait that
    may be stopped."""

    def __init__(
        self, history: list[RunEvent], told: Callable[[str, str], None], waits: Waits | None = None
    ) -> None:
        self._history = history
        self._waits = waits or Waits()
        self._told = told
        self._watchers: dict[asyncio.StreamWriter, str] = {}
        self._holder: asyncio.StreamWriter | None = None
        self._confirm: str | None = None
        self._decision: asyncio.Future[Decision] | None = None
        self._allow: Callable[[], str] = lambda: ""
        self._server: asyncio.Server | None = None
        self._over = False

    async def serve(self, path: Path) -> None:
        """Listens on `path`, for this user only."""
        before = os.umask(0o177)
        try:
            with reachable(path) as address:
                self._server = await asyncio.start_unix_server(self._client, address, limit=LINE_LIMIT)
        finally:
            os.umask(before)

    async def aclose(self) -> None:
        if self._server is not None:
            self._server.close()
        for writer in list(self._watchers):
            writer.close()

    def publish(self, event: RunEvent) -> None:
        """Sends one event to all who watch. A watcher that does not read is dropped, not waited for."""
        self._over = self._over or event.kind is Kind.OUTCOME
        line = encode(event).encode() + b"\n"
        for writer in list(self._watchers):
            if writer.transport.get_write_buffer_size() > 4 * 1024 * 1024:
                writer.transport.abort()
            else:
                writer.write(line)

    async def decide(self, confirm: str, allow: Callable[[], str]) -> Decision:
        """Waits for the holder's decision. `confirm` must be typed to go; `allow` says why it may not."""
        self._confirm, self._allow = confirm, allow
        self._decision = asyncio.get_running_loop().create_future()
        try:
            return await self._decision
        finally:
            self._decision = None

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if _peer(writer) not in (os.getuid(), 0):
            writer.close()
            return
        self._watchers[writer] = "somebody"
        for event in self._history:
            writer.write(encode(event).encode() + b"\n")
        try:
            while line := await reader.readline():
                self._obey(writer, line)
        except (ValueError, ConnectionError) as error:
            _say(writer, refused=f"that is not a request: {error}")
        finally:
            who = self._watchers.pop(writer, "somebody")
            if self._holder is writer:
                self._holder = None
                if not self._over:
                    self._told(who, "lost the controls: the connection ended; the run waits at its next gate")
            writer.close()

    def _obey(self, writer: asyncio.StreamWriter, line: bytes) -> None:
        request = json.loads(line)
        if not isinstance(request, dict):
            raise ValueError("a mapping is expected")
        do = str(request.get("do", ""))
        if do == "hello":
            self._watchers[writer] = str(request.get("who", "somebody"))[:100]
        elif do == "take":
            self._take(writer, str(request.get("reason", "")).strip())
        elif self._holder is not writer:
            _say(writer, refused="somebody else holds the controls, or nobody does: take them first")
        elif do == "release":
            self._holder = None
            self._told(self._watchers[writer], "gave the controls back")
        elif do == "stop":
            self._stop(writer)
        else:
            self._decided(writer, do, str(request.get("typed", "")))

    def _stop(self, writer: asyncio.StreamWriter) -> None:
        if not self._waits.waiting:
            _say(writer, refused="the run waits for nothing that can be stopped now")
            return
        who = self._watchers[writer]
        self._told(who, "stopped the wait")
        self._waits.stop(who)

    def _take(self, writer: asyncio.StreamWriter, reason: str) -> None:
        who = self._watchers[writer]
        if self._holder is not None and self._holder is not writer:
            if not reason:
                holder = self._watchers[self._holder]
                _say(writer, refused=f"{holder} holds the controls: say why you take them over")
                return
            _say(self._holder, note=f"{who} took the controls over: {reason}")
        self._holder = writer
        self._told(who, f"took the controls{': ' + reason if reason else ''}")
        _say(writer, holding=True)

    def _decided(self, writer: asyncio.StreamWriter, do: str, typed: str) -> None:
        if self._decision is None or self._decision.done():
            _say(writer, refused="the run does not wait for a decision now")
        elif do not in {decision.value for decision in Decision}:
            _say(writer, refused=f"{do!r} is not a decision: go, undo, abandon")
        elif do == Decision.GO and typed.strip() != self._confirm:
            _say(writer, refused=f"to begin, type exactly: {self._confirm}")
        elif do == Decision.GO and (why := self._allow()):
            _say(writer, refused=why)
        else:
            self._told(self._watchers[writer], f"decided: {do}{' (' + typed + ')' if typed else ''}")
            self._decision.set_result(Decision(do))


def _say(writer: asyncio.StreamWriter, **what: Any) -> None:
    """A message to one client only: not an event of the run."""
    message: Mapping[str, Any] = {"to_you": what}
    writer.write(json.dumps(message).encode() + b"\n")


def _peer(writer: asyncio.StreamWriter) -> int:
    """The user id of the process at the other end (Linux SO_PEERCRED; unix(7))."""
    peer: socket.socket = writer.get_extra_info("socket")
    if not hasattr(socket, "SO_PEERCRED"):
        return os.getuid()
    _, uid, _ = struct.unpack("3i", peer.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12))
    return int(uid)
