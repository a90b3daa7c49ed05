"""Questions over SSH that the hosts' own Zabbix agents ask, so that this console does not log in for looking.

A host's agent is told the exact commands (`runbooks/recovery/readings.py`); Zabbix keeps the newest answer of
each as an item's value, and one request brings those of all hosts.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from saitotui.clients.relay import WHERE, digest
from saitotui.model.command import Client, Command, Question
from saitotui.model.profile import Profile
from saitotui.tiers.kinds import tier_kinds

KEY = "saitotui.answer"
SAMPLE = 5.0
"""Seconds between two answers of an agent at least."""
DEADLINE = 10.0


@dataclass(frozen=True, slots=True)
class Relay:
    """A question of `tier` that the agent of `host` asks; `name` is unique among the host's."""

    host: str
    tier: str
    name: str
    question: Question[Any]

    @property
    def key(self) -> str:
        """The item's key."""
        return f"{KEY}.{self.name}"

    @property
    def digest(self) -> str:
        return digest(self.question.command.text)

    @property
    def every(self) -> float:
        return max(self.question.every, SAMPLE)


def relays(profile: Profile) -> tuple[Relay, ...]:
    """What the agents of the profile's hosts ask."""
    wanted = profile.monitoring.readings if profile.monitoring else ()
    found: dict[tuple[str, str], Relay] = {}
    for kind in tier_kinds():
        tier = kind.build(profile) if kind.name in wanted else None
        for question in tier.questions if tier else ():
            command = question.command
            # What is fed to a program is not told to an agent.
            if command.client is not Client.SSH or command.body:
                continue
            word = f"{kind.name}.{question.key.rpartition('/')[2]}"
            name, number = word, 1
            while (command.target, name) in found:
                number += 1
                name = f"{word}.{number}"
            found[command.target, name] = Relay(command.target, kind.name, name, question)
    return tuple(found.values())


def relayed(profile: Profile) -> Mapping[str, Question[Any]]:
    """The questions as they are asked of Zabbix, by key."""
    named = {host: name for name, host in (profile.monitoring.hosts if profile.monitoring else {}).items()}
    return {
        relay.question.key: replace(
            relay.question,
            command=Command(
                Client.RELAY,
                WHERE,
                f"{named.get(relay.host, relay.host)} {relay.key}",
                relay.question.command.text,
            ),
            every=relay.every,
            deadline=DEADLINE,
        )
        for relay in relays(profile)
    }
