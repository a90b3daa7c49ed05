"""The fence of last resort: Hetzner's Robot holds the power button of a rented machine until it is off.

Robot's webservice, https://robot.hetzner.com/doc/webservice: `POST /reset/NUMBER` with `type=power_long`;
`GET /reset/NUMBER` gives `operating_status`. A machine that stays off is fenced; one that is merely reset
boots again, so the other ways to reset it are none. Robot counts requests: 500 and 50 an hour.
"""

from __future__ import annotations

import json

from saitotui.facts import robot
from saitotui.facts.robot import Power
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Check, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.tiers.hardware import HardwareTier

HOLD = "power_long"
"""The power button, held: off, whatever runs there."""
RUNNING, OFF = "running", "shut off"
ANSWER, PAUSE = 10.0, 2.0
"""Seconds for an answer, and between two questions: Robot counts them."""


def by_robot(profile: Profile, snapshot: Snapshot, host: str) -> tuple[Stage, ...] | str:
    """Two stages, each confirmed by typing: the machine is the one that is meant, then its button is held.
    Or why Robot cannot do that."""
    if profile.hardware is None:
        return "the profile has no Robot (hardware) that could switch it off"
    numbers = [number for number, name in profile.hardware.servers.items() if name == host]
    if len(numbers) != 1 or not numbers[0].isdecimal():
        return f"the profile does not say which of Robot's machines (hardware.servers) {host} is"
    number = numbers[0]
    told = snapshot.get(HardwareTier(profile, profile.hardware).resets)
    if told is None:
        return f"Robot does not say how {host} can be switched off"
    types = next((one.types for one in told if one.number == number), ())
    if HOLD not in types:
        return f"Robot cannot hold the power button of {host} (server {number})"
    return (_meant(profile, host, number), _held(host, number))


def _meant(profile: Profile, host: str, number: str) -> Stage:
    seen = Check(
        f"Robot sees whether {host} (server {number}) has power",
        _ask(f"/reset/{number}"),
        reading(lambda answer: _sees(robot.power(answer), number)),
        ANSWER,
    )
    return Stage(
        "machine",
        f"Robot's server {number} is {host}",
        (
            Step(f"server {number} is {host}", (), goal=_is(profile, host, number), deadline=15.0),
            Step(f"Robot sees the power of server {number}", (), goal=seen, deadline=15.0),
        ),
        confirm=f"fence {host}",
        notice="nothing",
    )


def _is(profile: Profile, host: str, number: str) -> Check:
    """Whether Robot knows it by no other host's name; what Robot calls it is shown."""
    others = set(profile.hosts) - {host}

    def judge(answer: Answer) -> Verdict:
        found = robot.server(answer)
        said = f"{found.name or 'no name'}, {found.product}, {found.datacenter}, {found.address}"
        return Verdict(found.number == number and found.name.partition(".")[0] not in others, said)

    sentence = f"Robot does not call server {number} by another host's name"
    return Check(sentence, _ask(f"/server/{number}"), reading(judge), ANSWER)


def _sees(found: Power, number: str) -> Verdict:
    if found.number != number:
        return Verdict(None, f"Robot told of server {found.number}")
    return Verdict(found.state in (RUNNING, OFF), found.state or "it does not tell")


def _held(host: str, number: str) -> Stage:
    def judge(answer: Answer) -> Verdict:
        found = robot.power(answer)
        if not _sees(found, number).holds:
            return Verdict(None, f"Robot does not tell: {found.state or 'nothing'}")
        return Verdict(found.state == OFF, found.state)

    command = _ask(f"/reset/{number}")
    off = Check(f"{host} (server {number}) has no power", command, reading(judge), ANSWER, pause=PAUSE)
    press = Command(
        Client.ROBOT,
        "robot",
        f"POST /reset/{number}",
        json.dumps({"type": HOLD}),
        danger=Danger.DESTRUCTIVE,
    )
    step = Step(
        f"Robot holds the power button of {host} until it is off",
        (Act(press),),
        goal=off,
        no_undo="it stays off until somebody switches it on: not before it is known who serves",
        deadline=60.0,
        expected=15.0,
    )
    return Stage(
        "power-off",
        f"Robot switches off {host}",
        (step,),
        confirm=f"switch off {number}",
        notice="whatever still runs there ends at once",
    )


def _ask(path: str) -> Command:
    return Command(Client.ROBOT, "robot", f"GET {path}")
