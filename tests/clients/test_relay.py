"""Answers by Zabbix's agents, from what its API says of their items."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from saitotui.clients import relay
from saitotui.clients.base import MAX_ANSWER
from saitotui.clients.relay import RelayConnection, digest
from saitotui.model.command import Answer, Client, Command, Failure, FailureKind
from saitotui.model.profile import HttpService, Monitoring

ASKED = "cat /proc/drbd"
KEY = "saitotui.answer.storage.proc"
COMMAND = Command(Client.RELAY, "zabbix", f"st1 {KEY}", ASKED)


def value(text: str, status: str = "0", known: str = digest(ASKED)) -> str:
    packed = gzip.compress(f"{text}\n{status}\n".encode("utf-8", "surrogateescape"))
    return f"{known} {base64.b64encode(packed).decode()}"


class Zabbix:
    """Says `rows` by method."""

    def __init__(self, item: dict[str, Any] | None, mute: Sequence[str] = ()) -> None:
        self.failure: Failure | None = None
        row = {
            "hostid": "7",
            "key_": KEY,
            "lastclock": "1000",
            "lastns": "500000000",
            "state": "0",
            "error": "",
        }
        self.rows: dict[str, object] = {
            "host.get": [{"hostid": "7", "host": "st1"}],
            "hostinterface.get": [{"hostid": id, "error": "[111] Connection refused"} for id in mute],
            "item.get": [row | item] if item is not None else [],
        }

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        return [self.failure or Answer(data=self.rows[one.text]) for one in commands]  # type: ignore[arg-type]

    async def aclose(self) -> None:
        pass


def over(zabbix: Zabbix) -> RelayConnection:
    connection = RelayConnection(Monitoring(HttpService("http://127.0.0.1/")))
    connection._zabbix = zabbix  # type: ignore[assignment]
    return connection


async def outcome(zabbix: Zabbix, command: Command = COMMAND) -> Answer | Failure:
    (found,) = await over(zabbix).ask([command], 1.0)
    return found


async def test_an_answer_is_as_it_was_printed() -> None:
    found = await outcome(Zabbix({"lastvalue": value("a line\nand\n\n another\n", "3")}))
    assert isinstance(found, Answer)
    assert (found.text, found.status) == ("a line\nand\n\n another\n", 3)


WRONG = [
    ({"lastvalue": value("x", known="0" * 12)}, FailureKind.ERROR, "run zabbix-recovery"),
    ({"lastvalue": "none"}, FailureKind.ERROR, "run zabbix-recovery"),
    ({"lastvalue": value("x" * 5000)[:60]}, FailureKind.UNPARSABLE, "not whole"),
    ({"lastvalue": f"{digest(ASKED)} ###"}, FailureKind.UNPARSABLE, "not whole"),
    ({"lastvalue": f"{digest(ASKED)} "}, FailureKind.UNPARSABLE, "not whole"),
    ({"lastvalue": value("x", "none")}, FailureKind.UNPARSABLE, "not whole"),
    ({"lastvalue": value("x" * (MAX_ANSWER + 9))}, FailureKind.UNPARSABLE, "not whole"),
    ({"lastvalue": value("", "124")}, FailureKind.TIMEOUT, "no answer in time"),
    ({"lastclock": "0", "lastns": "0"}, FailureKind.PENDING, "not asked it yet"),
    ({"state": "1", "error": "Timeout while\nexecuting"}, FailureKind.ERROR, "Timeout while executing"),
    (None, FailureKind.ERROR, "run zabbix-recovery"),
]


@pytest.mark.parametrize(("item", "kind", "words"), WRONG)
async def test_what_is_none_says_why(item: dict[str, Any] | None, kind: FailureKind, words: str) -> None:
    found = await outcome(Zabbix(item))
    assert isinstance(found, Failure)
    assert found.kind is kind
    assert found.sentence.startswith("st1: ")
    assert words in found.sentence


async def test_a_silent_agent_is_unreachable_whatever_it_said_before() -> None:
    found = await outcome(Zabbix({"lastvalue": value("x")}, mute=["7"]))
    assert isinstance(found, Failure)
    assert found.kind is FailureKind.UNREACHABLE
    assert "Connection refused" in found.sentence


async def test_a_host_that_zabbix_does_not_know() -> None:
    found = await outcome(Zabbix(None), Command(Client.RELAY, "zabbix", f"st9 {KEY}", ASKED))
    assert isinstance(found, Failure)
    assert found.sentence == "st9: Zabbix does not know it, or does not watch it"


async def test_a_host_may_be_called_by_words() -> None:
    zabbix = Zabbix({"lastvalue": value("x")})
    zabbix.rows["host.get"] = [{"hostid": "7", "host": "storage node 1"}]
    found = await outcome(zabbix, Command(Client.RELAY, "zabbix", f"storage node 1 {KEY}", ASKED))
    assert isinstance(found, Answer)


async def test_what_zabbix_itself_fails_with_is_said_for_all() -> None:
    zabbix = Zabbix({"lastvalue": value("x")})
    zabbix.failure = Failure(FailureKind.DENIED, "zabbix: No permissions")
    assert await over(zabbix).ask([COMMAND, COMMAND], 1.0) == [zabbix.failure] * 2


async def test_values_of_a_server_that_stands_still_grow_old(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 50.0
    monkeypatch.setattr(relay, "time", SimpleNamespace(monotonic=lambda: now))
    zabbix = Zabbix({"lastvalue": value("x")})
    connection = over(zabbix)

    async def age() -> float:
        (found,) = await connection.ask([COMMAND], 1.0)
        assert isinstance(found, Answer)
        return found.age

    assert await age() == 0
    now = 80.0
    assert await age() == 30
    zabbix.rows["item.get"].append({"hostid": "8", "key_": KEY, "lastclock": "1020", "lastns": "0"})  # type: ignore[attr-defined]
    assert await age() == 19.5
