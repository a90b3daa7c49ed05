"""What runbooks ask and tell Zabbix's API."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from saitotui.facts import zabbix_fields
from saitotui.model.command import Answer, Client, Command, Danger, Failure, Json
from saitotui.model.plan import Act, Capture


def asked(method: str, question: Json | Mapping[str, object], **only: Sequence[str]) -> Command:
    """A question as the monitoring tier asks it, `only` of some (`eventids`, `hostids` ...)."""
    assert isinstance(question, Mapping)
    return Command(Client.ZABBIX, "zabbix", method, json.dumps({**question, **only}))


def told(
    method: str,
    body: Mapping[str, object] | Sequence[str],
    accept: Callable[[Answer | Failure], str] | None = None,
) -> Act:
    """An order."""
    command = Command(Client.ZABBIX, "zabbix", method, json.dumps(body), danger=Danger.REVERSIBLE)
    return Act(command, accept)


def number(name: str, command: Command, field: str) -> Act:
    """Reads the id of the one thing that `command` asks for as the value `name`; 0 when there is none."""

    def read(answer: Answer) -> str:
        ids = [zabbix_fields.text(row, field) for row in zabbix_fields.rows(answer)]
        if len(ids) > 1 or not all(one.isascii() and one.isdigit() for one in ids):
            raise ValueError(f"Zabbix names {len(ids)} of them")
        return ids[0] if ids else "0"

    return Act(command, capture=Capture(name, read))


_CLOCK = re.compile(r"(?P<hour>[01]\d|2[0-3]):(?P<minute>[0-5]\d)")


def next_time(text: str, now: float) -> datetime | str:
    """The next moment with that time of day (UTC)."""
    found = _CLOCK.fullmatch(text)
    if found is None:
        return f"until is {text!r}: give the time of day (UTC) at which it ends, as 04:30"
    begin = datetime.fromtimestamp(now, UTC)
    until = begin.replace(hour=int(found["hour"]), minute=int(found["minute"]), second=0, microsecond=0)
    return until if until > begin else until + timedelta(days=1)
