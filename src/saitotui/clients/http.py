"""HTTP (httpx): nginx's status, Tomcat's manager, user journeys.

A command's text is `METHOD /path?query` relative to the service's address, or `METHOD` alone for the address
itself. Redirects are answers, not followed. Certificates are verified. Each connection is a visitor of its
own, who keeps the cookies that he is given.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.failures import late, of_error, silent, too_large
from saitotui.clients.files import unlike
from saitotui.clients.secrets import resolve
from saitotui.clients.ssh import SshHost
from saitotui.clients.tls import context
from saitotui.model.command import Answer, Command, Failure, FailureKind, File, Json, Visitor
from saitotui.model.profile import HttpService
from saitotui.model.text import one_line

if TYPE_CHECKING:
    import httpx

_UPLOAD_CHUNK = 256 * 1024
_LEAST = 0.05
"""Seconds that are left at least to who waited for another's try."""
DENIED_FOR = 60.0
"""Seconds for which credentials that were refused are not sent again: after some wrong ones in a row a
server locks the account, for everybody who has the right ones, too (Tomcat's LockOutRealm: 5; Robot: 3)."""
STALL = 20.0
"""Seconds for which an upload may stand still."""

Progress: TypeAlias = "Callable[[str, int, int], None]"
"""Told of an upload: the target, bytes sent, bytes in all."""


class HttpConnection:
    """One service. `through` is the host to reach it from, where the profile says `via`."""

    refusals: frozenset[int] = frozenset({401, 403})
    """Statuses that mean wrong credentials or missing rights, where there are credentials."""
    content_type = ""
    """What a body is, where the service must be told."""

    def __init__(
        self, name: str, service: HttpService, through: SshHost | None, progress: Progress | None = None
    ) -> None:
        self._name, self._progress = name, progress
        self._where = f"{name} ({service.url})"
        self._service = service
        self._through = through
        self._client: httpx.AsyncClient | None = None
        self._attempt: asyncio.Task[httpx.AsyncClient | Failure] | None = None
        self._proven = not service.user
        """Whether the credentials were taken, the last time that they were sent."""
        self._trying: asyncio.Event | None = None
        self._denied: Failure | None = None
        self._denied_at = 0.0

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        client = await self._open(deadline)
        if isinstance(client, Failure):
            return [client for _ in commands]
        return list(await asyncio.gather(*(self._one(client, command, deadline) for command in commands)))

    async def _open(self, deadline: float) -> httpx.AsyncClient | Failure:
        if self._denied is not None:
            if time.monotonic() - self._denied_at < DENIED_FOR:
                return self._denied
            # Somebody may have put the right ones there meanwhile.
            client, self._client, self._denied = self._client, None, None
            if client is not None:
                await client.aclose()
        if self._client is not None:
            return self._client
        # All who ask at the same time share one attempt: a second client would be closed by nobody.
        if self._attempt is None or self._attempt.done():
            self._attempt = asyncio.create_task(self._opened(deadline))
        return await asyncio.shield(self._attempt)

    async def _opened(self, deadline: float) -> httpx.AsyncClient | Failure:
        transport = await self._transport(deadline)
        if isinstance(transport, Failure):
            return transport
        password = await resolve(self._service.password)
        if isinstance(password, Failure):
            await transport.aclose()
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
        """As long as nobody knows whether the credentials are taken, one tries and the others wait for it."""
        if self._proven:
            return await self._do(client, command, deadline)
        if self._trying is not None:
            until = time.monotonic() + deadline
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._trying.wait(), deadline)
            left = max(until - time.monotonic(), _LEAST)
            return self._denied or await self._do(client, command, left)
        self._trying = asyncio.Event()
        try:
            return await self._do(client, command, deadline)
        finally:
            self._trying.set()
            self._trying = None

    async def _do(self, client: httpx.AsyncClient, command: Command, deadline: float) -> Answer | Failure:
        method, _, path = command.text.partition(" ")
        if command.file is not None:
            return await self._upload(client, path, command.file, deadline)
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
        known = bool(client.cookies)
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
                return self._answer(response, b"".join(parts), known)
        except TimeoutError:
            return await self._timed_out(method, path, deadline)
        except httpx.TransportError as error:
            await self._forget()
            return of_error(self._where, error)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
            return Failure(FailureKind.ERROR, f"{self._where}: {one_line(str(error))}")

    def _answer(self, response: httpx.Response, body: bytes, known: bool) -> Answer | Failure:
        user = self._service.user
        self._proven = response.status_code != 401 or not user
        if response.status_code in self.refusals and user:
            said = f"{response.status_code} {response.reason_phrase}"
            failure = Failure(FailureKind.DENIED, f"{self._where}: {said} for the user {user}")
            if not self._proven:
                self._denied, self._denied_at = failure, time.monotonic()
            return failure
        try:
            text = body.decode(response.charset_encoding or "utf-8", "replace")
        except LookupError:
            text = body.decode("utf-8", "replace")
        visitor = _visitor(known, bool(response.headers.get_list("set-cookie")))
        return Answer(text, response.status_code, data=_json(response, text), visitor=visitor)

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

    async def _upload(
        self, client: httpx.AsyncClient, path: str, file: File, deadline: float
    ) -> Answer | Failure:
        """Sends a file by PUT. One that stands still for `STALL` seconds is given up: the server gets less
        than was announced, and keeps none of it."""
        changed = await asyncio.to_thread(unlike, file)
        if changed is not None:
            return changed
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(STALL) as moving:

                def moved(done: int) -> None:
                    moving.reschedule(loop.time() + STALL if done < file.size else None)
                    if self._progress is not None:
                        self._progress(self._name, done, file.size)

                return await self._send(client, "PUT", path, _chunks(file, moved), deadline)
        except TimeoutError:
            await self._forget()
            sentence = f"{self._where}: the upload stood still for {STALL:g} s and was given up"
            return Failure(FailureKind.TIMEOUT, sentence)

    async def aclose(self) -> None:
        if self._attempt is not None and not self._attempt.done():
            self._attempt.cancel()
            await asyncio.gather(self._attempt, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None


def _client(transport: httpx.AsyncHTTPTransport, user: str, password: str) -> httpx.AsyncClient:
    import httpx

    auth = httpx.BasicAuth(user, password) if user else None
    headers = {"User-Agent": "saitotui"}
    return httpx.AsyncClient(transport=transport, auth=auth, headers=headers, timeout=None, trust_env=False)


def _visitor(known: bool, given: bool) -> Visitor:
    """`known`: came with cookies; `given`: was given some."""
    if known:
        return Visitor.FORGOTTEN if given else Visitor.KNOWN
    return Visitor.STRANGER if given else Visitor.NONE


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


async def _chunks(file: File, moved: Callable[[int], None]) -> AsyncIterator[bytes]:
    done = 0
    with await asyncio.to_thread(open, file.path, "rb") as handle:
        while chunk := await asyncio.to_thread(handle.read, _UPLOAD_CHUNK):
            yield chunk
            done += len(chunk)
            moved(done)
