"""Boots a rented machine into Hetzner's rescue system: one whose own system does not start any more.

Hetzner's Robot webservice, https://robot.hetzner.com/doc/webservice: `POST /boot/NUMBER/rescue` counts for
the next boot only. See docs/runbooks/rescue-server.md.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from saitotui.facts import host as host_facts
from saitotui.facts import robot
from saitotui.model.command import Answer, Client, Command, Danger, Failure
from saitotui.model.plan import (
    Act,
    Check,
    Grade,
    Parameter,
    Plan,
    Precondition,
    Refusal,
    Stage,
    Step,
    Verdict,
)
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.booting import foreign
from saitotui.runbooks.fencing import silent
from saitotui.runbooks.judging import reading
from saitotui.runbooks.rented import ANSWER, PAUSE, Rented, ask, rented

ID = "rescue-server"
TITLE = "Boot a rented machine into the rescue system"
BOOT = 600.0
"""Seconds in which it must have booted."""
BUTTON = "hw"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the machine that the parameters name."""
    host = parameters.get("host", "")
    machine = rented(profile, snapshot, host)
    if isinstance(machine, str):
        return Refusal(ID, (machine,))
    key = profile.hardware.rescue_key if profile.hardware else ""
    if not key:
        why = "without a key Robot makes a password: give `hardware.rescue_key`, a fingerprint that it knows"
        return Refusal(ID, (why,))
    if BUTTON not in machine.types:
        return Refusal(ID, (f"Robot offers no reset button for {host}",))
    why = "it lives: what runs there ends hard, and it serves nothing while it is rescued"
    return Plan(
        ID,
        TITLE,
        host,
        dict(parameters),
        f"{host}, Robot's server {machine.number}, runs the rescue system, for whoever has the key {key}; "
        "the next boot after that is its own again",
        (machine.meant(f"rescue {host}"), _boots(machine, key)),
        (Precondition(silent(host, host), why, Grade.AMBER, Grade.AMBER),),
        (),
        ("hardware",),
        (host,),
    )


def _boots(machine: Rented, key: str) -> Stage:
    host, number = machine.host, machine.number
    path = f"/boot/{number}/rescue"
    body = json.dumps({"os": "linux", "authorized_key": key})
    forgotten, own = (_order(f"DELETE {path}"),), _next(machine, path, rescued=False)
    armed = Step(
        f"server {number} boots into the rescue system next",
        (_order(f"POST {path}", body),),
        goal=_next(machine, path, rescued=True),
        undo=forgotten,
        undone=own,
        deadline=30.0,
    )
    pressed = Step(
        f"{host} boots",
        (machine.press(BUTTON),),
        goal=_another_answers(host),
        undo=forgotten,
        undone=own,
        deadline=BOOT,
        expected=90.0,
    )
    return Stage(
        "rescue",
        f"{host} boots into the rescue system",
        (armed, pressed),
        confirm=f"press {BUTTON} of {number}",
        notice=f"whatever still runs on {host} ends at once, and stays down while it is rescued",
    )


def _order(text: str, body: str = "") -> Act:
    return Act(Command(Client.ROBOT, "robot", text, body, danger=Danger.DISRUPTIVE), tells=_keys)


def _keys(answer: Answer) -> str:
    """The fingerprints to compare with, before anybody trusts what answers."""
    found = robot.rescue(answer).host_keys
    return f"its host key will be {' or '.join(found)}" if found else "Robot does not know its host key yet"


def _next(machine: Rented, path: str, *, rescued: bool) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = robot.rescue(answer)
        if found.number != machine.number:
            return Verdict(None, f"Robot told of server {found.number}")
        return Verdict(found.active is rescued, "the rescue system" if found.active else "its own system")

    what = "the rescue system" if rescued else "its own system"
    return Check(f"server {machine.number} boots {what} next", ask(path), reading(judge), ANSWER, pause=PAUSE)


def _another_answers(host: str) -> Check:
    """The rescue system has another host key, which this console does not trust: it is not talked to."""

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            another = foreign(answer)
            return Verdict(another, "another system answers" if another else answer.sentence)
        return Verdict(False, "its own system answers")

    command = Command(Client.SSH, host, host_facts.FACTS, session="rescue")
    return Check(f"{host} answers with another host key than its own", command, judge, 6.0, pause=2.0)


RUNBOOK = Runbook(
    ID,
    "hardware",
    TITLE,
    "A rented machine whose own system does not start boots into Hetzner's; a key is let in, no password.",
    plan,
    (Parameter("host", "the host of the profile (hardware.servers)"),),
)
