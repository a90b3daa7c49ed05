"""Rented machines: which of Robot's servers a host is, whether it has power, and its buttons.

Hetzner's Robot webservice, https://robot.hetzner.com/doc/webservice: `GET /server/NUMBER`,
`GET /reset/NUMBER` (`operating_status`), `POST /reset/NUMBER` with `type`. It counts requests: 500 questions
and 50 resets an hour.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saitotui.facts import robot
from saitotui.facts.robot import Power
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Check, Grade, Precondition, Stage, Step, Verdict
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.judging import reading
from saitotui.tiers.hardware import HardwareTier

HOLD = "power_long"
"""The power button, held: off, whatever runs there."""
RUNNING, OFF = "running", "shut off"
ANSWER, PAUSE = 10.0, 2.0
"""Seconds for an answer, and between two questions."""


@dataclass(frozen=True, slots=True)
class Rented:
    """A host that is Robot's server `number`; `types` are the resets that Robot offers for it."""

    profile: Profile
    host: str
    number: str
    types: Sequence[str]

    def meant(self, word: str) -> Stage:
        """The machine is the one that is meant: what Robot calls it is shown, and `word` is typed."""
        return Stage(
            "machine",
            f"Robot's server {self.number} is {self.host}",
            (
                Step(f"server {self.number} is {self.host}", (), goal=self.named(), deadline=15.0),
                Step(f"Robot sees the power of server {self.number}", (), goal=self.seen(), deadline=15.0),
            ),
            confirm=word,
            notice="nothing",
        )

    def off(self) -> Check:
        def judge(answer: Answer) -> Verdict:
            found = robot.power(answer)
            if not self._sees(found).holds:
                return Verdict(None, f"Robot does not tell: {found.state or 'nothing'}")
            return Verdict(found.state == OFF, found.state)

        sentence = f"{self.host} (server {self.number}) has no power"
        return Check(sentence, ask(f"/reset/{self.number}"), reading(judge), ANSWER, pause=PAUSE)

    def press(self, kind: str) -> Act:
        path, body = f"POST /reset/{self.number}", json.dumps({"type": kind})
        return Act(Command(Client.ROBOT, "robot", path, body, danger=Danger.DESTRUCTIVE))

    def seen(self) -> Check:
        """Whether Robot tells of its power: then it can be reset, too."""
        return Check(
            f"Robot sees whether {self.host} (server {self.number}) has power",
            ask(f"/reset/{self.number}"),
            reading(lambda answer: self._sees(robot.power(answer))),
            ANSWER,
        )

    def named(self) -> Check:
        """Whether Robot knows it by no other host's name."""
        others = set(self.profile.hosts) - {self.host}

        def judge(answer: Answer) -> Verdict:
            found = robot.server(answer)
            said = f"{found.name or 'no name'}, {found.product}, {found.datacenter}, {found.address}"
            right = found.number == self.number and found.name.partition(".")[0] not in others
            return Verdict(right, said)

        sentence = f"Robot does not call server {self.number} by another host's name"
        return Check(sentence, ask(f"/server/{self.number}"), reading(judge), ANSWER)

    def _sees(self, found: Power) -> Verdict:
        if found.number != self.number:
            return Verdict(None, f"Robot told of server {found.number}")
        return Verdict(found.state in (RUNNING, OFF), found.state or "it does not tell")


def rented(profile: Profile, snapshot: Snapshot, host: str) -> Rented | str:
    """The machine that `host` is; or why Robot cannot do anything for it."""
    if profile.hardware is None:
        return "the profile has no Robot (hardware) that could switch it off"
    if not host:
        known = ", ".join(dict.fromkeys(profile.hardware.servers.values()))
        return f"give host=, it is one of {known}"
    numbers = [number for number, name in profile.hardware.servers.items() if name == host]
    if len(numbers) != 1 or not numbers[0].isdecimal():
        return f"the profile does not say which of Robot's machines (hardware.servers) {host} is"
    told = snapshot.get(HardwareTier(profile, profile.hardware).resets)
    if told is None:
        return f"Robot does not say how {host} can be switched off"
    types = next((one.types for one in told if one.number == numbers[0]), ())
    return Rented(profile, host, numbers[0], types)


def second_ways(profile: Profile) -> Iterator[Precondition]:
    """The lines of a preflight about Robot, the way to machines that hang: it knows them by these numbers."""
    for number, host in (profile.hardware.servers if profile.hardware else {}).items():
        if number.isdecimal() and host in profile.hosts:
            machine = Rented(profile, host, number, ())
            why = "a reset would hit another one: mend `hardware.servers`"
            yield Precondition(machine.named(), why, unknown=Grade.AMBER)
            why = "nobody could reset it when it hangs: mend that before it carries users"
            yield Precondition(machine.seen(), why, Grade.AMBER, Grade.AMBER)


def ask(path: str) -> Command:
    """A question to Robot."""
    return Command(Client.ROBOT, "robot", f"GET {path}")
