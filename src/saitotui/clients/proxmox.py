"""Proxmox VE's API (proxmoxer, which blocks: it runs in threads).

Any node may answer; the one that did last is asked first. The error text is the HTTP reason phrase. 595 and
596 come from the node that was asked, about the node it asked in turn (pveproxy).
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

from saitotui.clients.failures import late, of_error, silent
from saitotui.clients.secrets import Secret, resolve
from saitotui.clients.tls import fingerprint
from saitotui.model.command import Answer, Command, Failure, FailureKind
from saitotui.model.profile import Cluster
from saitotui.model.text import one_line

CONNECT = 5.0
KNOCK_LIFE = 2.0
"""Seconds for which it is believed that an address answers, or does not."""
MOST_THREADS = 24

_VERBS = {"get": "get", "post": "post", "put": "put", "delete": "delete"}


class ProxmoxConnection:
    """A cluster, through whichever of its nodes answers."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._apis: dict[str, Any] = {}
        self._order = list(cluster.api)
        self._secret: Secret | None = None
        self._threads = ThreadPoolExecutor(MOST_THREADS, "saitotui-proxmox")
        self._knocks: dict[str, tuple[float, asyncio.Future[Failure | None]]] = {}

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        secret = self._secret or await resolve(self._cluster.secret)
        if isinstance(secret, Failure):
            return [Failure(secret.kind, f"cluster: {secret.sentence}") for _ in commands]
        self._secret = secret
        return list(await asyncio.gather(*(self._one(command, secret, deadline) for command in commands)))

    async def _one(self, command: Command, secret: Secret, deadline: float) -> Answer | Failure:
        """The first endpoint's answer that is one; the last endpoint's failure otherwise."""
        failures: list[Failure] = []
        share = max(1.0, deadline / len(self._order))
        for address in list(self._order):
            outcome = await self._at(address, command, secret, share if len(self._order) > 1 else deadline)
            if not _elsewhere(outcome) or command.text.split(None, 1)[0].lower() != "get":
                self._prefer(address)
                return outcome
            assert isinstance(outcome, Failure)
            failures.append(outcome)
        worst = next((f for f in failures if f.kind is FailureKind.DENIED), failures[-1])
        others = f" ({len(failures)} addresses tried)" if len(failures) > 1 else ""
        return Failure(worst.kind, worst.sentence + others)

    def _prefer(self, address: str) -> None:
        if self._order[0] != address:
            self._order.remove(address)
            self._order.insert(0, address)

    async def _at(self, address: str, command: Command, secret: Secret, deadline: float) -> Answer | Failure:
        where = f"cluster API at {urlsplit(address).netloc}"
        closed = await self._closed(address, where, deadline)
        if closed is not None:
            return closed
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(deadline):
                return await loop.run_in_executor(
                    self._threads, self._request, address, where, command, secret
                )
        except TimeoutError:
            return late(where, command.text, deadline)

    async def _closed(self, address: str, where: str, deadline: float) -> Failure | None:
        """Why nobody answers at an address; None when somebody does. Asked once for all questions of a poll,
        before any gets a thread: threads that wait for a dead node would leave none for the others."""
        known = self._knocks.get(address)
        if known is None or known[0] < time.monotonic():
            knock = asyncio.ensure_future(_knock(address, where, min(deadline, CONNECT)))
            known = (time.monotonic() + KNOCK_LIFE, knock)
            self._knocks[address] = known
        return await asyncio.shield(known[1])

    def _request(self, address: str, where: str, command: Command, secret: Secret) -> Answer | Failure:
        """One request, in a thread."""
        import requests
        from proxmoxer.core import AuthenticationError, ResourceException

        try:
            api = self._apis.get(address) or self._open(address, secret)
            self._apis[address] = api
            verb, _, path = command.text.partition(" ")
            parameters: Mapping[str, Any] = json.loads(command.body) if command.body else {}
            resource = api(path.strip("/"))
            return Answer(status=200, data=getattr(resource, _VERBS[verb.lower()])(**parameters))
        except ResourceException as error:
            return self._refused(
                address, where, error.status_code, one_line(str(error.content)), error.errors
            )
        except _Unsafe as error:
            return Failure(FailureKind.DENIED, f"{where}: {error}")
        except AuthenticationError as error:
            self._apis.pop(address, None)
            return Failure(FailureKind.DENIED, f"{where}: {one_line(str(error))}")
        except requests.exceptions.Timeout:
            return Failure(FailureKind.UNREACHABLE, f"{where}: no answer to the connection attempt")
        except requests.exceptions.RequestException as error:
            return _of_requests_error(where, error)
        except (OSError, ValueError, KeyError) as error:
            return of_error(where, error)

    def _open(self, address: str, secret: Secret) -> Any:
        """A client of one node; logs in when there is no token."""
        from proxmoxer import ProxmoxAPI

        url, cluster = urlsplit(address), self._cluster
        pinned = fingerprint(cluster.tls.fingerprint)
        options: dict[str, Any] = {
            "port": url.port or 8006,
            "timeout": CONNECT,
            "verify_ssl": cluster.tls.ca or not pinned,
        }
        if cluster.token_id:
            user, _, token = cluster.token_id.partition("!")
            options |= {"user": user, "token_name": token, "token_value": secret.reveal()}
        elif pinned:
            # The library logs in before a pinned certificate could be checked.
            raise _Unsafe("a pinned certificate needs an API token (token_id), or give tls.ca instead")
        else:
            options |= {"user": cluster.user, "password": secret.reveal()}
        api = ProxmoxAPI(url.hostname, **options)
        if pinned:
            # The session is the library's own; this is where requests lets a certificate be pinned.
            api._store["session"].mount("https://", _pinning_adapter(pinned))
        return api

    def _refused(self, address: str, where: str, status: int, text: str, errors: Any) -> Failure:
        if status in (401, 403):
            self._apis.pop(address, None)
            return Failure(FailureKind.DENIED, f"{where}: {status} {text}")
        if status in (595, 596):
            return Failure(
                FailureKind.UNREACHABLE, f"{where}: {status} {text}: the node it asked does not answer"
            )
        details = f" {json.dumps(errors)}" if errors else ""
        return Failure(FailureKind.ERROR, f"{where}: {status} {text}{one_line(details)}")

    async def aclose(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        for _, knock in self._knocks.values():
            knock.cancel()
        for api in self._apis.values():
            api._store["session"].close()
        self._apis = {}


class _Unsafe(Exception):
    """A way to log in that would show a secret to whoever answers; the message is a sentence."""


async def _knock(address: str, where: str, deadline: float) -> Failure | None:
    """Whether anybody answers a connection attempt."""
    url = urlsplit(address)
    try:
        async with asyncio.timeout(deadline):
            _, writer = await asyncio.open_connection(url.hostname, url.port or 8006)
    except TimeoutError:
        return silent(where, deadline)
    except OSError as error:
        return of_error(where, error)
    writer.close()
    return None


def _elsewhere(outcome: Answer | Failure) -> bool:
    """Whether another node may know better."""
    return isinstance(outcome, Failure) and outcome.kind in (
        FailureKind.UNREACHABLE,
        FailureKind.REFUSED,
        FailureKind.TIMEOUT,
        FailureKind.DENIED,
    )


def _pinning_adapter(pinned: str) -> Any:
    from requests.adapters import HTTPAdapter

    class Pinning(HTTPAdapter):
        def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
            super().init_poolmanager(*arguments, **options, assert_fingerprint=pinned, assert_hostname=False)

    return Pinning()


def _of_requests_error(where: str, error: Exception) -> Failure:
    import requests

    text = str(error)
    if isinstance(error, requests.exceptions.SSLError):
        return Failure(
            FailureKind.DENIED, f"{where}: its certificate is not trusted: {one_line(text, limit=160)}"
        )
    if "Connection refused" in text:
        return Failure(FailureKind.REFUSED, f"{where}: connection refused: nobody listens there")
    if "RemoteDisconnected" in text or "Connection aborted" in text:
        return Failure(FailureKind.UNREACHABLE, f"{where}: the connection broke")
    return Failure(FailureKind.UNREACHABLE, f"{where}: {one_line(text, limit=160)}")
