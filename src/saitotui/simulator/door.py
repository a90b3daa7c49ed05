"""A door: one listening port on loopback that is open, refused, dark or hung.

A dark door lets nobody in and says nothing, as a machine without power: its queue of one is kept full by
connections that nobody accepts, and the kernel drops further attempts (Linux, listen(2) and tcp(7)). A hung
one is let into and never answered. Bytes of open connections pass through here, so that they stop passing
when the door goes dark.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable
from typing import TypeAlias

Handler: TypeAlias = Callable[[socket.socket], Awaitable[None]]
"""Serves one connection on a connected socket, which it owns, until it ends."""

OPEN, REFUSED, DARK, HUNG = "open", "refused", "dark", "hung"

_BACKLOG = 64
_STUFFING = 3
_CHUNK = 65_536


class Door:
    """A port for the life of a simulation. `handle` is called with each accepted socket while it is open."""

    def __init__(self, name: str, handle: Handler, address: str = "127.0.0.1") -> None:
        self.name = name
        self._handle = handle
        self._state = ""
        self._listener: socket.socket | None = None
        self._task: asyncio.Task[None] | None = None
        self._serving: set[asyncio.Task[None]] = set()
        self._held: list[socket.socket] = []
        self._passable = asyncio.Event()
        self._reserved = socket.socket()
        # Bound but never listening: it keeps the port ours while the door is refused.
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._reserved.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self._reserved.bind((address, 0))
        self.address: str
        self.port: int
        self.address, self.port = self._reserved.getsockname()

    @property
    def state(self) -> str:
        return self._state

    def set(self, state: str) -> None:
        """Changes the door's state. What is connected freezes when it goes dark or hung, ends when it is
        refused, and goes on when it is open again."""
        if state == self._state:
            return
        before, self._state = self._state, state
        self._stop_listening()
        if state == REFUSED:
            self._end_connections()
        if state == OPEN and before in (DARK, HUNG):
            self._end_connections()
        if state in (DARK, HUNG):
            self._passable.clear()
        else:
            self._passable.set()
        if state == DARK:
            self._listen(0)
            self._stuff()
        elif state in (OPEN, HUNG):
            self._listen(_BACKLOG)
            self._task = asyncio.get_running_loop().create_task(self._accept())

    def _listen(self, backlog: int) -> None:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listener.setblocking(False)
        listener.bind((self.address, self.port))
        listener.listen(backlog)
        self._listener = listener

    def _stuff(self) -> None:
        for _ in range(_STUFFING):
            stuffing = socket.socket()
            stuffing.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                stuffing.connect((self.address, self.port))
            self._held.append(stuffing)

    async def _accept(self) -> None:
        listener = self._listener
        assert listener is not None
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            connection.setblocking(False)
            if self._state == HUNG:
                self._held.append(connection)
                continue
            task = loop.create_task(self._serve(connection))
            self._serving.add(task)
            task.add_done_callback(self._serving.discard)

    async def _serve(self, outside: socket.socket) -> None:
        """Carries bytes between a peer and the server until either ends; not while dark or hung."""
        inside, servers = socket.socketpair()
        inside.setblocking(False)
        servers.setblocking(False)
        loop = asyncio.get_running_loop()
        serving = loop.create_task(_quietly(self._handle(servers)))
        pumps = [loop.create_task(self._pump(*way)) for way in ((outside, inside), (inside, outside))]
        try:
            await asyncio.gather(*pumps)
        finally:
            for task in (*pumps, serving):
                task.cancel()
            try:
                await asyncio.gather(*pumps, serving, return_exceptions=True)
            finally:
                # Also when the door itself is closed while this connection was already ending.
                for end in (outside, inside):
                    end.close()

    async def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        try:
            while content := await loop.sock_recv(source, _CHUNK):
                await self._passable.wait()
                await loop.sock_sendall(sink, content)
            await self._passable.wait()
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            # One side is gone: the other must hear of it.
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_RDWR)

    def _end_connections(self) -> None:
        for task in list(self._serving):
            task.cancel()
        for held in self._held:
            held.close()
        self._held = []

    def _stop_listening(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    async def aclose(self) -> None:
        tasks = [task for task in (self._task, *self._serving) if task is not None]
        self._stop_listening()
        self._end_connections()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._reserved.close()


async def _quietly(serving: Awaitable[None]) -> None:
    """A server's connection may end in any way: its peer is gone, or its machine."""
    with contextlib.suppress(OSError, EOFError):
        await serving
