"""What runbooks ask and tell Zabbix's API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from saitotui.model.command import Client, Command, Danger, Json
from saitotui.model.plan import Act


def asked(method: str, question: Json, **only: Sequence[str]) -> Command:
    """A question as the monitoring tier asks it, `only` of some (`eventids`, `hostids` ...)."""
    assert isinstance(question, dict)
    return Command(Client.ZABBIX, "zabbix", method, json.dumps({**question, **only}))


def told(method: str, body: Mapping[str, object] | Sequence[str]) -> Act:
    """An order."""
    return Act(Command(Client.ZABBIX, "zabbix", method, json.dumps(body), danger=Danger.REVERSIBLE))
