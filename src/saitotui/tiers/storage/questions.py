"""What the storage tier asks of each node, over SSH; both are asked the same, since their views may differ.

What cannot hang travels together. `drbdsetup`, the cluster manager and `df` can wait in the kernel or for a
daemon: they have sessions of their own, so that they delay nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from saitotui.facts import (
    backing,
    drbd,
    drbd_generations,
    drbd_log,
    drbd_proc,
    drbd_status,
    haresources,
    heartbeat,
    heartbeat_log,
    nfs,
    pacemaker,
)
from saitotui.facts.backing import Backing
from saitotui.facts.drbd import View
from saitotui.facts.drbd_generations import Generations
from saitotui.facts.drbd_log import KernelLog
from saitotui.facts.haresources import Group
from saitotui.facts.heartbeat import Membership
from saitotui.facts.heartbeat_log import ManagerLog
from saitotui.facts.nfs import Address, NfsClient, Serving, Space
from saitotui.facts.pacemaker import Pacemaker
from saitotui.model.command import Client, Command, Question
from saitotui.model.profile import Storage

SPACE_EVERY = 10.0
LOG_EVERY = 10.0
CONFIG_EVERY = 60.0
"""Seconds between two looks at what moves slowly."""
MANAGER = 12.0
"""Seconds in which a cluster manager must have told what it knows: a dozen small questions."""


@dataclass(frozen=True, slots=True)
class NodeQuestions:
    """What is asked of one node. `heartbeat` and `pacemaker`: the one that the profile names."""

    name: str
    host: str
    proc: Question[View]
    status: Question[View]
    serving: Question[Serving]
    addresses: Question[tuple[Address, ...]]
    clients: Question[tuple[NfsClient, ...]]
    space: Question[Space]
    config: Question[Mapping[str, str]]
    kernel_log: Question[KernelLog]
    generations: Question[Generations]
    backing: Question[Backing]
    heartbeat: Question[Membership] | None
    manager_log: Question[ManagerLog] | None
    resources: Question[tuple[Group, ...]] | None
    pacemaker: Question[Pacemaker] | None

    @property
    def all(self) -> Sequence[Question[Any]]:
        asked = (
            self.proc,
            self.status,
            self.serving,
            self.addresses,
            self.clients,
            self.space,
            self.config,
            self.kernel_log,
            self.generations,
            self.backing,
            self.heartbeat,
            self.manager_log,
            self.resources,
            self.pacemaker,
        )
        return [question for question in asked if question is not None]


@dataclass(frozen=True, slots=True)
class StorageQuestions:
    """Everything that is asked of one pair."""

    nodes: Mapping[str, NodeQuestions]

    @property
    def all(self) -> Sequence[Question[Any]]:
        return [question for node in self.nodes.values() for question in node.all]


def ask(storage: Storage, poll: float) -> StorageQuestions:
    """The questions for `storage`; `poll` is the profile's interval for what moves fast (seconds)."""
    return StorageQuestions({name: _node(name, host, storage, poll) for name, host in storage.nodes.items()})


def _node(name: str, host: str, storage: Storage, poll: float) -> NodeQuestions:
    def over(
        key: str, text: str, parse: Any, every: float = poll, session: str = "", deadline: float = 3.0
    ) -> Question[Any]:
        command = Command(Client.SSH, host, text, session=session)
        return Question(f"storage/{name}/{key}", name, command, parse, every, deadline)

    minor = drbd.minor_of(storage.device)
    by_heartbeat = storage.manager == "heartbeat"
    return NodeQuestions(
        name,
        host,
        over("proc", drbd.PROC, lambda answer: drbd_proc.proc(answer, minor)),
        over(
            "status",
            drbd.status_command(storage.resource),
            lambda answer: drbd_status.status(answer, storage.resource, minor),
            session="drbd",
            deadline=4.0,
        ),
        over("serving", nfs.serving_command(storage.device, storage.mount), nfs.serving),
        over("addresses", nfs.ADDRESSES, nfs.addresses),
        over("clients", nfs.CLIENTS, nfs.clients, 2 * poll),
        over("space", nfs.space_command(storage.mount), nfs.space, SPACE_EVERY, "slow", 6.0),
        over("config", drbd.config_command(storage.resource), drbd.config, CONFIG_EVERY, "slow", 6.0),
        over("kernel-log", drbd_log.LOG, drbd_log.kernel_log, LOG_EVERY, "slow", 6.0),
        over(
            "generations",
            drbd_generations.generations_command(storage.resource),
            drbd_generations.generations,
            LOG_EVERY,
            "slow",
            6.0,
        ),
        over(
            "backing", backing.backing_command(storage.resource), backing.backing, CONFIG_EVERY, "slow", 6.0
        ),
        over("heartbeat", heartbeat.STATUS, heartbeat.membership, 2 * poll, "manager", MANAGER)
        if by_heartbeat
        else None,
        over("manager-log", heartbeat_log.LOG, heartbeat_log.manager_log, LOG_EVERY, "slow", 6.0)
        if by_heartbeat
        else None,
        over("resources", haresources.READ, haresources.haresources, CONFIG_EVERY, "slow", 6.0)
        if by_heartbeat
        else None,
        None
        if by_heartbeat
        else over("pacemaker", pacemaker.STATUS, pacemaker.pacemaker, 2 * poll, "manager", MANAGER),
    )
