"""Zabbix's JSON-RPC API, 6.0 to 7.4 (zabbix-utils for version and authentication; one batch a poll).

The library has defects that are worked around here: its constructor blocks for as long as the server likes
(so it runs in a thread with a deadline), and any API error closes a session that it made itself (so the
session is ours). It sends one call at a time; the protocol takes a batch (JSON-RPC 2.0, section 6).
"""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.failures import late, of_error, silent, too_large
from saitotui.clients.secrets import resolve
from saitotui.clients.tls import context
from saitotui.clients.zabbix_dialect import spoken
from saitotui.model.command import Answer, Command, Failure, FailureKind, Json
from saitotui.model.profile import Monitoring
from saitotui.model.text import one_line

if TYPE_CHECKING:
    import aiohttp

WHERE = "zabbix"
HEADER_FROM = 6.4
"""From this version the token goes in a header, before it in the body."""
OPEN = "apiinfo."
"""Methods that must be called without a token."""
_NO_SESSION = ("Session terminated", "re-login", "Not authorized", "Not authorised")
_DENIALS = (*_NO_SESSION, "API token expired", "Incorrect user name or password", "No permissions")


class ZabbixConnection:
    """One Zabbix frontend."""

    def __init__(self, monitoring: Monitoring) -> None:
        self._monitoring = monitoring
        self._session: aiohttp.ClientSession | None = None
        self._version = 0.0
        self._auth = ""
        self._lock = asyncio.Lock()

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        async with self._lock:
            opened = await self._open(deadline)
        if isinstance(opened, Failure):
            return [opened for _ in commands]
        asked = [command for command in commands if not command.text.startswith(OPEN)]
        answers = await self._batch(opened, asked, deadline) if asked else []
        if len(asked) < len(commands):
            found = iter(answers)
            answers = [
                next(found) if command in asked else await self._unknown(opened, command, deadline)
                for command in commands
            ]
        if any(isinstance(a, Failure) and any(t in a.sentence for t in _NO_SESSION) for a in answers):
            self._auth = ""
        return answers

    async def _open(self, deadline: float) -> aiohttp.ClientSession | Failure:
        """A session that is logged in."""
        if self._session is not None and self._auth:
            return self._session
        import aiohttp

        url = urlsplit(self._monitoring.service.url)
        connector: aiohttp.TCPConnector | None = None
        if url.scheme == "https":
            verified = await context(
                WHERE, self._monitoring.service.tls, url.hostname or "", url.port or 443, deadline
            )
            if isinstance(verified, Failure):
                return verified
            connector = aiohttp.TCPConnector(ssl=verified)
        await self._close_session()
        self._session = aiohttp.ClientSession(connector=connector)
        try:
            async with asyncio.timeout(deadline):
                failure = await self._log_in(self._session, connector)
        except TimeoutError:
            failure = silent(WHERE, deadline)
        if failure is not None:
            await self._close_session()
            return failure
        return self._session

    async def _log_in(
        self, session: aiohttp.ClientSession, connector: aiohttp.TCPConnector | None
    ) -> Failure | None:
        """Finds the version and an authentication string; why not, or None."""
        import aiohttp
        from zabbix_utils import AsyncZabbixAPI
        from zabbix_utils.exceptions import ModuleBaseException

        token, password = (
            await resolve(self._monitoring.token),
            await resolve(self._monitoring.service.password),
        )
        for secret in (token, password):
            if isinstance(secret, Failure):
                return Failure(secret.kind, f"{WHERE}: {secret.sentence}")
        assert not isinstance(token, Failure)
        assert not isinstance(password, Failure)
        try:
            probed = await self._call(session, "apiinfo.version", {}, "")
            if isinstance(probed, Failure):
                return probed
            # The constructor asks for the version again, blocking; the answer just came, so it will not hang.
            api: Any = await asyncio.to_thread(
                AsyncZabbixAPI, self._monitoring.service.url, client_session=session, timeout=5
            )
            self._version = float(f"{api.version.major}")
            if token.reveal():
                self._auth = token.reveal()
                return None
            await api.login(user=self._monitoring.service.user, password=password.reveal())
            self._auth = str(api._AsyncZabbixAPI__session_id)
            return None
        except ModuleBaseException as error:
            return _of_api_error(str(getattr(error, "data", "") or getattr(error, "message", "") or error))
        except (OSError, ValueError, aiohttp.ClientError) as error:
            return of_error(WHERE, error)

    async def _call(
        self, session: aiohttp.ClientSession, method: str, params: Json, auth: str
    ) -> Json | Failure:
        body = {"jsonrpc": "2.0", "method": method, "params": params, "id": 1}
        return await self._post(session, [body], auth)

    async def _batch(
        self, session: aiohttp.ClientSession, commands: Sequence[Command], deadline: float
    ) -> list[Answer | Failure]:
        """All commands as one JSON-RPC batch; answers are matched by id."""
        calls: list[dict[str, Any]] = []
        for number, command in enumerate(commands):
            params = spoken(command.text, json.loads(command.body) if command.body else {}, self._version)
            calls.append({"jsonrpc": "2.0", "method": command.text, "params": params, "id": number})
            if self._version < HEADER_FROM:
                calls[-1]["auth"] = self._auth
        try:
            async with asyncio.timeout(deadline):
                found = await self._post(session, calls, self._auth if self._version >= HEADER_FROM else "")
        except TimeoutError:
            return [late(WHERE, command.text, deadline) for command in commands]
        if isinstance(found, Failure):
            return [found for _ in commands]
        by_id = (
            {one.get("id"): one for one in found if isinstance(one, dict)} if isinstance(found, list) else {}
        )
        return [_outcome(command, by_id.get(number)) for number, command in enumerate(commands)]

    async def _unknown(
        self, session: aiohttp.ClientSession, command: Command, deadline: float
    ) -> Answer | Failure:
        """The answer to a call that nobody is known for."""
        try:
            async with asyncio.timeout(deadline):
                found = await self._call(session, command.text, {}, "")
        except TimeoutError:
            return late(WHERE, command.text, deadline)
        if isinstance(found, Failure):
            return found
        return _outcome(command, found[0] if isinstance(found, list) and found else None)

    async def _post(
        self, session: aiohttp.ClientSession, calls: list[dict[str, Any]], auth: str
    ) -> Json | Failure:
        import aiohttp

        headers = {"Content-Type": "application/json-rpc"}
        if auth:
            headers["Authorization"] = f"Bearer {auth}"
        url = self._monitoring.service.url
        url = url if url.endswith(".php") else f"{url.rstrip('/')}/api_jsonrpc.php"
        try:
            async with session.post(url, data=json.dumps(calls), headers=headers) as response:
                content = await response.content.read(MAX_ANSWER + 1)
                while len(content) <= MAX_ANSWER and (more := await response.content.read(MAX_ANSWER)):
                    content += more
                status = response.status
        except (OSError, aiohttp.ClientError, ssl.SSLError) as error:
            return of_error(WHERE, error)
        if len(content) > MAX_ANSWER:
            return too_large(WHERE, MAX_ANSWER)
        if status != 200:
            said = one_line(content.decode("utf-8", "replace"), limit=120)
            return Failure(FailureKind.ERROR, f"{WHERE}: HTTP {status}: {said or 'empty answer'}")
        try:
            value: Json = json.loads(content)
            return value
        except (ValueError, RecursionError):
            return Failure(FailureKind.UNPARSABLE, f"{WHERE}: the answer is not JSON")

    async def _close_session(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None
        self._auth = ""

    async def aclose(self) -> None:
        await self._close_session()


def _outcome(command: Command, one: Any) -> Answer | Failure:
    if one is None:
        return Failure(FailureKind.UNPARSABLE, f"{WHERE}: no answer to {command.text} in the batch")
    error = one.get("error")
    if isinstance(error, dict):
        return _of_api_error(str(error.get("data") or error.get("message") or error))
    return Answer(status=200, data=one.get("result"))


def _of_api_error(text: str) -> Failure:
    """An API error's meaning is in its text: nearly all have the same code."""
    kind = FailureKind.DENIED if any(word in text for word in _DENIALS) else FailureKind.ERROR
    return Failure(kind, f"{WHERE}: {one_line(text)}")
