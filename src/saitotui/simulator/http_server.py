"""Serves a plain function of requests on connected sockets: HTTP/1.1 by aiohttp, with TLS where asked.

aiohttp sends any reason phrase, also an empty one, which Proxmox VE and Tomcat need.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from saitotui.simulator.http_types import Reply, Request

Sleep = Callable[[float], Awaitable[None]]
Handle = Callable[[Request], Reply]

MAX_UPLOAD = 64 << 20


class _Server(web.Server):
    """Tells when a connection has ended."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(handler)
        self.ended: dict[object, asyncio.Event] = {}

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        super().connection_lost(handler, exc)
        if event := self.ended.pop(handler, None):
            event.set()


class HttpServer:
    """`handle` makes the reply; `sleep` waits for its delay in simulated time; `tls` None: plain HTTP."""

    def __init__(self, handle: Handle, sleep: Sleep, tls: ssl.SSLContext | None = None) -> None:
        self._handle, self._sleep, self._tls = handle, sleep, tls

    async def connection(self, connected: socket.socket) -> None:
        """Serves one connection until it ends; a handler for a Door."""
        server = _Server(self._answer)
        protocol = server()
        ended = server.ended[protocol] = asyncio.Event()
        loop = asyncio.get_running_loop()
        try:
            transport, _ = await loop.connect_accepted_socket(lambda: protocol, connected, ssl=self._tls)
        except (ssl.SSLError, ConnectionError):
            # The peer does not trust us, or speaks no TLS: its business.
            connected.close()
            return
        try:
            await ended.wait()
        finally:
            transport.abort()
            await server.shutdown(0)

    async def _answer(self, request: web.BaseRequest) -> web.StreamResponse:
        body = await _body(request)
        if body is None:
            return web.Response(status=413)
        headers = {name.lower(): value for name, value in request.headers.items()}
        if len(request.headers.getall("Cookie", [])) > 1:
            headers["cookie"] = "; ".join(request.headers.getall("Cookie"))
        asked = Request(request.method, request.path, dict(request.query), headers, body)
        reply = self._handle(asked)
        await self._sleep(reply.delay)
        response = web.Response(status=reply.status, reason=reply.reason, body=reply.body)
        for name, value in reply.headers:
            response.headers.add(name, value)
        return response


async def _body(request: web.BaseRequest) -> bytes | None:
    """The whole body; None when it is larger than anything that belongs here."""
    parts, size = [], 0
    async for part in request.content.iter_chunked(1 << 16):
        size += len(part)
        if size > MAX_UPLOAD:
            return None
        parts.append(part)
    return b"".join(parts)
