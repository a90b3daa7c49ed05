"""What runbooks ask and tell Zabbix's API."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence

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
        found = answer.data if isinstance(answer.data, list) else []
        ids = [str(row.get(field, "")) for row in found if isinstance(row, dict)]
        if len(ids) > 1 or not all(one.isascii() and one.isdigit() for one in ids):
            raise ValueError(f"Zabbix names {len(ids)} of them")
        return ids[0] if ids else "0"

    return Act(command, capture=Capture(name, read))
