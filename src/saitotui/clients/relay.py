"""What Zabbix's agents asked on their hosts, by the newest values of their items.

A value is `DIGEST PACKED`: the first 12 digits of the SHA-256 of the command that was run, and, by gzip
(RFC 1952) and base64 (RFC 4648), what it printed, a newline, its exit status and a newline. Zabbix keeps
65,535 characters of a text.
"""

from __future__ import annotations

import base64
import hashlib
import json
import time
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.zabbix import ZabbixConnection
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind, Json
from saitotui.model.profile import Monitoring
from saitotui.model.text import one_line

WHERE = "zabbix"
BRING = "run zabbix-recovery, which tells the agents what to ask"
AGENT = 1
"""The type of an agent's interface."""
MOST = 2000
"""Values in one request."""
GZIP = 31
"""zlib's window bits for the gzip format."""
TIMED_OUT = (124, 137)
"""What timeout(1) ends with when the command did not end in time, or had to be killed."""


def digest(text: str) -> str:
    """What tells a command from any other."""
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class RelayConnection:
    """One Zabbix frontend. The text of a command is `HOST KEY` (as Zabbix names them), its body what the
    agent asks."""

    def __init__(self, monitoring: Monitoring) -> None:
        self._zabbix = ZabbixConnection(monitoring)
        self._newest, self._since = 0.0, time.monotonic()

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        answers: list[Answer | Failure] = []
        for first in range(0, len(commands), MOST):
            answers += await self._some(commands[first : first + MOST], deadline)
        return answers

    async def _some(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        wanted = [tuple(command.text.rsplit(" ", 1)) for command in commands]
        found = await self._zabbix.ask(_asked(wanted), deadline)
        for one in found:
            if isinstance(one, Failure):
                return [one for _ in commands]
        hosts, silent, items = (_rows(one) for one in found)
        ids = {str(row.get("host")): str(row.get("hostid")) for row in hosts}
        mute = {str(row.get("hostid")): one_line(str(row.get("error")), limit=160) for row in silent}
        values = {(str(row.get("hostid")), str(row.get("key_"))): row for row in items}
        self._look_at(max((_clock(row) for row in items), default=0.0))
        return [
            self._outcome(host, ids.get(host, ""), mute, values.get((ids.get(host, ""), key)), command.body)
            for (host, key), command in zip(wanted, commands, strict=True)
        ]

    def _look_at(self, newest: float) -> None:
        """Ages count from the newest value: the clocks of Zabbix and of this console may differ."""
        if newest > self._newest:
            self._newest, self._since = newest, time.monotonic()

    def _outcome(
        self, host: str, id: str, mute: Mapping[str, str], item: Mapping[str, Any] | None, text: str
    ) -> Answer | Failure:
        if not id:
            return Failure(FailureKind.ERROR, f"{host}: Zabbix does not know it, or does not watch it")
        if id in mute:
            return Failure(FailureKind.UNREACHABLE, f"{host}: Zabbix does not hear it: {mute[id]}")
        if item is None:
            return Failure(FailureKind.ERROR, f"{host}: Zabbix has no such value of it: {BRING}")
        if str(item.get("state")) == "1":
            said = one_line(str(item.get("error")), limit=160)
            return Failure(FailureKind.ERROR, f"{host}: Zabbix has no value of {item.get('key_')}: {said}")
        if not _clock(item):
            return Failure(FailureKind.PENDING, f"{host}: Zabbix has not asked it yet")
        age = max(0.0, self._newest - _clock(item)) + time.monotonic() - self._since
        return _unpacked(host, str(item.get("lastvalue")), text, age)

    async def aclose(self) -> None:
        await self._zabbix.aclose()


def _asked(wanted: Sequence[tuple[str, ...]]) -> list[Command]:
    """One batch: the hosts' numbers, those whose agent is silent, and the values."""
    hosts: Json = list(dict.fromkeys(host for host, _ in wanted))
    keys: Json = list(dict.fromkeys(key for _, key in wanted))
    asked: dict[str, Json] = {
        "host.get": {"output": ["hostid", "host"], "filter": {"host": hosts, "status": 0}},
        "hostinterface.get": {
            "output": ["hostid", "error"],
            "filter": {"available": 2, "main": 1, "type": AGENT},
        },
        "item.get": {
            "output": ["hostid", "key_", "lastvalue", "lastclock", "lastns", "state", "error"],
            "filter": {"key_": keys, "status": 0},
            "monitored": True,
        },
    }
    return [Command(Client.ZABBIX, WHERE, method, json.dumps(body)) for method, body in asked.items()]


def _rows(answer: Answer | Failure) -> list[Mapping[str, Any]]:
    data = answer.data if isinstance(answer, Answer) else None
    return [row for row in data if isinstance(row, dict)] if isinstance(data, list) else []


def _clock(row: Mapping[str, Any]) -> float:
    """When the value came, by Zabbix's clock; 0: never."""
    try:
        return float(row.get("lastclock") or 0) + float(row.get("lastns") or 0) / 1e9
    except (TypeError, ValueError):
        return 0.0


def _unpacked(host: str, value: str, text: str, age: float) -> Answer | Failure:
    known, _, packed = value.partition(" ")
    if known != digest(text):
        return Failure(FailureKind.ERROR, f"{host}: its agent asks something else, or nothing: {BRING}")
    try:
        content = _inflated(base64.b64decode(packed, validate=True))
        said, status, _ = content.decode("utf-8", "replace").rsplit("\n", 2)
        ended = int(status)
    except (ValueError, OSError, EOFError, zlib.error):
        return Failure(FailureKind.UNPARSABLE, f"{host}: Zabbix's value is not whole, or not an answer")
    if ended in TIMED_OUT:
        return Failure(FailureKind.TIMEOUT, f"{host}: its agent had no answer in time")
    return Answer(said, ended, age=age)


def _inflated(packed: bytes) -> bytes:
    """What was compressed; no more than an answer may have."""
    unpacker = zlib.decompressobj(GZIP)
    content = unpacker.decompress(packed, MAX_ANSWER)
    if not unpacker.eof:
        raise EOFError("cut off, or too large")
    return content
