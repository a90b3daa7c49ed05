"""HTTP (httpx): nginx's status, Tomcat's manager, user journeys.

A command's text is `METHOD /path?query` relative to the service's address, or `METHOD` alone for the address
itself. Redirects are answers, not followed. Certificates are verified.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.failures import late, of_error, silent, too_large
from saitotui.clients.secrets import resolve
from saitotui.clients.ssh import SshHost
from saitotui.clients.tls import context
from saitotui.model.command import Answer, Command, Failure, FailureKind, Json
from saitotui.model.profile import HttpService
from saitotui.model.text import one_line

if TYPE_CHECKING:
    import httpx

_UPLOAD_CHUNK = 256 * 1024


class HttpConnection:
    """One service. `through` is the host to reach it from, where the profile says `via`."""

    refusals: frozenset[int] = frozenset({401, 403})
    content_type = ""
    """What a body is, where the service must be told."""
    """Statuses that mean wrong credentials or missing rights, where there are credentials."""

    def __init__(self, name: str, service: HttpService, through: SshHost | None) -> None:
        self._where = f"{name} ({service.url})"
        self._service = service
        self._through = through
        self._client: httpx.AsyncClient | None = None

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        client = await self._open(deadline)
        if isinstance(client, Failure):
            return [client for _ in commands]
        return list(await asyncio.gather(*(self._one(client, command, deadline) for command in commands)))

    async def _open(self, deadline: float) -> httpx.AsyncClient | Failure:
        if self._client is None:
            transport = await self._transport(deadline)
            if isinstance(transport, Failure):
                return transport
            password = await resolve(self._service.password)
            if isinstance(password, Failure):
                return Failure(password.kind, f"{self._where}: {password.sentence}")
            self._client = _client(transport, self._service.user, password.reveal())
        return self._client

    async def _transport(self, deadline: float) -> httpx.AsyncHTTPTransport | Failure:
        import httpx

        url = urlsplit(self._service.url)
        port = url.port or (443 if url.scheme == "https" else 80)
        options: dict[str, Any] = {}
        if self._through is not None:
            path = await self._through.forward(f"{url.hostname}:{port}", deadline)
            if isinstance(path, Failure):
                return path
            options["uds"] = path
        if url.scheme == "https":
            verified = await context(self._where, self._service.tls, url.hostname or "", port, deadline)
            if isinstance(verified, Failure):
                return verified
            options["verify"] = verified
        else:
            options["verify"] = False  # no TLS at all: saves reading the system's authorities
        return httpx.AsyncHTTPTransport(limits=httpx.Limits(max_connections=8), **options)

    async def _one(self, client: httpx.AsyncClient, command: Command, deadline: float) -> Answer | Failure:
        method, _, path = command.text.partition(" ")
        body = command.body.encode() if command.body else None
        return await self._send(client, method, path, body, deadline)

    async def _send(
        self,
        client: httpx.AsyncClient,
        method: str,
        path: str,
        body: bytes | AsyncIterator[bytes] | None,
        deadline: float,
    ) -> Answer | Failure:
        import httpx

        url = self._service.url.rstrip("/") + path if path else self._service.url
        headers = {"Content-Type": self.content_type} if body is not None and self.content_type else None
        try:
            stream = client.stream(method, url, content=body, headers=headers)
            async with asyncio.timeout(deadline), stream as response:
                parts: list[bytes] = []
                size = 0
                async for chunk in response.aiter_bytes():
                    parts.append(chunk)
                    size += len(chunk)
                    if size > MAX_ANSWER:
                        return too_large(self._where, MAX_ANSWER)
                return self._answer(response, b"".join(parts))
        except TimeoutError:
            return await self._timed_out(method, path, deadline)
        except httpx.TransportError as error:
            await self._forget()
            return of_error(self._where, error)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Failure(FailureKind.ERROR, f"{self._where}: {one_line(str(error))}")

    def _answer(self, response: httpx.Response, body: bytes) -> Answer | Failure:
        if response.status_code in self.refusals and self._service.user:
            said = f"{response.status_code} {response.reason_phrase}"
            return Failure(FailureKind.DENIED, f"{self._where}: {said} for the user {self._service.user}")
        try:
            text = body.decode(response.charset_encoding or "utf-8", "replace")
        except LookupError:
            text = body.decode("utf-8", "replace")
        return Answer(text, response.status_code, data=_json(response, text))

    async def _timed_out(self, method: str, path: str, deadline: float) -> Failure:
        """Whether nobody answered the connection attempt, or nobody the question."""
        url = urlsplit(self._service.url)
        if self._through is None and not await _answers(url.hostname or "", url.port or 80):
            return silent(self._where, deadline)
        return late(self._where, f"{method} {path}", deadline)

    async def _forget(self) -> None:
        """A way through SSH does not outlive its connection: find a new one next time."""
        if self._through is not None and self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def upload(
        self, path: str, file: Path, deadline: float, progress: Callable[[int, int], None]
    ) -> Answer | Failure:
        """Sends a file by PUT; `progress` is told the bytes sent and in all."""
        client = await self._open(deadline)
        if isinstance(client, Failure):
            return client
        return await self._send(client, "PUT", path, _chunks(file, progress), deadline)

    async def aclose(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _client(transport: httpx.AsyncHTTPTransport, user: str, password: str) -> httpx.AsyncClient:
    import httpx

    auth = httpx.BasicAuth(user, password) if user else None
    headers = {"User-Agent": "saitotui"}
    return httpx.AsyncClient(transport=transport, auth=auth, headers=headers, timeout=None, trust_env=False)


def _json(response: httpx.Response, text: str) -> Json:
    if "json" not in response.headers.get("content-type", ""):
        return None
    try:
        value: Json = json.loads(text)
        return value
    except (ValueError, RecursionError):
        return None


async def _answers(host: str, port: int) -> bool:
    """Whether anybody answers a connection attempt at once."""
    try:
        async with asyncio.timeout(0.5):
            _, writer = await asyncio.open_connection(host, port)
    except (TimeoutError, OSError):
        return False
    writer.close()
    return True


async def _chunks(file: Path, progress: Callable[[int, int], None]) -> AsyncIterator[bytes]:
    whole = (await asyncio.to_thread(file.stat)).st_size
    done = 0
    with await asyncio.to_thread(file.open, "rb") as handle:
        while chunk := await asyncio.to_thread(handle.read, _UPLOAD_CHUNK):
            yield chunk
            done += len(chunk)
            progress(done, whole)
