"""What is asked of every host of a profile, whatever its tier: one cheap line of facts, disks, logins.

Other tiers read the same answers by the same keys (`host_question`); only this tier asks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.facts import host as reader
from saitotui.facts import logins
from saitotui.facts.host import FileSystem, HostFacts
from saitotui.facts.logins import Login
from saitotui.model.command import Client, Command, Question
from saitotui.model.profile import Profile

DISKS_EVERY = 30.0
"""Seconds; disks fill slowly, people log in seldom, and a poll should stay one cheap line."""


@dataclass(frozen=True, slots=True)
class HostQuestions:
    facts: Question[HostFacts]
    disks: Question[tuple[FileSystem, ...]]
    logins: Question[tuple[Login, ...]]


def host_id(host: str) -> str:
    """The node id of a host: `host/db1`."""
    return f"host/{host}"


def host_question(host: str, poll: float) -> Question[HostFacts]:
    """Clock, boot, load and memory of `host`."""
    command = Command(Client.SSH, host, reader.FACTS)
    return Question(f"hosts/{host}/facts", host_id(host), command, reader.facts, poll)


def ask(profile: Profile) -> Mapping[str, HostQuestions]:
    """The questions for each host of `profile`."""
    return {
        host: HostQuestions(
            host_question(host, profile.poll),
            Question(
                f"hosts/{host}/disks",
                host_id(host),
                Command(Client.SSH, host, reader.DISKS),
                reader.disks,
                DISKS_EVERY,
            ),
            Question(
                f"hosts/{host}/logins",
                host_id(host),
                Command(Client.SSH, host, logins.LOGINS),
                logins.logins,
                DISKS_EVERY,
            ),
        )
        for host in profile.hosts
    }


def flat(asked: Mapping[str, HostQuestions]) -> Sequence[Question[Any]]:
    return [question for host in asked.values() for question in (host.facts, host.disks, host.logins)]
