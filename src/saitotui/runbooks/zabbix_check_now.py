"""Asks Zabbix to sample at once what a problem, or a host, is judged by.

See docs/runbooks/zabbix-check-now.md. Zabbix API reference, `task.create` (type 6), item object.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.facts.zabbix_fields import rows
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Capture, Check, Parameter, Plan, Refusal, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.runbooks.zabbix import asked
from saitotui.tiers.monitoring.questions import ask
from saitotui.tiers.monitoring.view import View, look

ID = "zabbix-check-now"
TITLE = "Let Zabbix look at once"
SAMPLED = frozenset({"0", "3", "5", "10", "11", "12", "13", "14", "15", "16", "19", "20", "21", "22"})
"""Types of items that the server samples itself; of a dependent one (18) it samples the master."""
MOST = 500
"""Items of a host that are asked for at once."""
WITHIN = 90.0
"""Seconds in which new values must have come: a poller may be busy, a cache a minute old."""


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the problem or the host that the parameters name."""
    if profile.monitoring is None:
        return Refusal(ID, ("the profile has no Zabbix",))
    view = look(profile, profile.monitoring, ask(profile.poll), snapshot)
    found = _what(view, parameters.get("event", ""), parameters.get("host", ""))
    if isinstance(found, str):
        return Refusal(ID, (found,))
    name, only = found
    stage = Stage("look", f"Zabbix looks at {name}", _steps(name, only), confirm="y", notice="nothing")
    summary = f"what {name} is judged by is sampled now, not at its next turn"
    return Plan(ID, TITLE, "zabbix", dict(parameters), summary, (stage,), ())


def _what(view: View, event: str, host: str) -> tuple[str, dict[str, list[str]]] | str:
    """What is looked at, and which items that are; or why nothing can be."""
    if host:
        known = next((one for one in view.hosts or () if host in (one.name, view.machine(one.name))), None)
        return (known.name, {"hostids": [known.id]}) if known else f"Zabbix monitors no host {host!r}"
    if view.problems is None:
        return "Zabbix does not say which problems are open"
    if not event and len(view.problems) == 1:
        event = view.problems[0].problem.id
    one = next((one for one in view.problems if one.problem.id == event), None)
    if one is not None:
        return f"problem {event}", {"triggerids": [one.problem.trigger]}
    return f"no problem {event!r} is open" if event else "give event= or host="


def _steps(name: str, only: Mapping[str, list[str]]) -> tuple[Step, Step]:
    question = {
        "output": ["itemid", "type", "master_itemid", "lastclock"],
        "filter": {"status": 0},
        "limit": MOST,
    }
    items = asked("item.get", question, **only)
    read = Step(
        f"read which items {name} is judged by",
        (Act(items, capture=Capture("tasks", _tasks)), Act(items, capture=Capture("before", _newest))),
        expected=0.05,
    )
    # The whole list of tasks is put together when it is known.
    order = Command(Client.ZABBIX, "zabbix", "task.create", "[{tasks}]", danger=Danger.REVERSIBLE)
    look_now = Step(
        f"Zabbix samples {name}",
        (Act(order),),
        goal=Check(f"{name} has newer values", items, reading(_newer), against="before"),
        no_undo="a value that was sampled stays",
        deadline=WITHIN,
        expected=5.0,
    )
    return read, look_now


def _tasks(answer: Answer) -> str:
    """The orders to sample, as the inside of a JSON list. ValueError when nothing can be sampled."""
    ids = {
        str(row.get("master_itemid") if str(row.get("type")) == "18" else row.get("itemid"))
        for row in rows(answer)
        if str(row.get("type")) in SAMPLED or str(row.get("type")) == "18"
    }
    numbers = sorted((one for one in ids if one.isascii() and one.isdigit() and one != "0"), key=int)
    if not numbers:
        raise ValueError("the server samples none of its items itself: values are sent to it")
    return ", ".join(f'{{"type": 6, "request": {{"itemid": "{one}"}}}}' for one in numbers)


def _newest(answer: Answer) -> str:
    """When the newest value came, by the server's clock."""
    return str(max((_clock(row) for row in rows(answer)), default=0))


def _clock(row: Mapping[str, object]) -> int:
    text = str(row.get("lastclock", "0"))
    return int(text) if text.isascii() and text.isdigit() else 0


def _newer(answer: Answer) -> Verdict:
    before = int(answer.against or 0)
    late = sum(_clock(row) <= before for row in rows(answer) if str(row.get("type")) in SAMPLED)
    return Verdict(not late, f"{late} of {len(rows(answer))} not yet" if late else "all of them")


RUNBOOK = Runbook(
    ID,
    "monitoring",
    TITLE,
    "What a problem or a host is judged by is sampled now: is it over, or is it still so?",
    plan,
    (
        Parameter("event", "the problem's event id; without it and a host the only one that is open"),
        Parameter("host", "all items of a host, by the profile's name or Zabbix's"),
    ),
)
