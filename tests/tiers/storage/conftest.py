"""Recorded answers of a real pair, put together to snapshots as the questions would have been answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind, Question
from saitotui.model.profile import Host, Profile, Storage
from saitotui.model.snapshot import Reading, Snapshot
from saitotui.model.topology import TierPicture
from saitotui.tiers.storage import StorageTier, build

RECORDINGS = Path(__file__).parents[2] / "recordings" / "storage"
NODES = ("st1", "st2")
ADDRESS = "10.81.0.100"
CONFIG = "drbd.conf 1 100\n/etc/ha.d/ha.cf 2 200\n/etc/ha.d/haresources 3 300\n/etc/exports 4 400\n"
NOW = 1_795_447_000.0


def recorded(state: str, node: str, command: str) -> str | None:
    """What a command printed in a state on a node; None when it was not recorded."""
    path = RECORDINGS / f"{state}--{node}--{command}"
    return path.read_text() if path.exists() else None


def proc(state: str, node: str) -> Answer | None:
    text = recorded(state, node, "proc-drbd.txt")
    failed = recorded(state, node, "proc-drbd.txt.stderr-and-rc")
    if failed is not None:
        return Answer(failed.partition("\n")[2], 1)
    return None if text is None else Answer(text)


def status(state: str, node: str) -> Answer | None:
    failed = recorded(state, node, "drbdadm-status.txt.stderr-and-rc")
    if failed is not None:
        return Answer(failed.partition("\n")[2], int(failed.partition("\n")[0].removeprefix("rc=")))
    text = recorded(state, node, "drbdsetup-status-verbose-statistics.txt")
    return None if text is None else Answer(text)


def heartbeat(state: str, node: str) -> Answer | None:
    """As the loop of the question prints what cl_status says."""
    running = recorded(state, node, "cl_status-hbstatus.txt")
    if running is None:
        return None
    if "is running" not in running:
        return Answer(running)

    def says(what: str) -> str:
        return (recorded(state, node, f"cl_status-{what}.txt") or "").strip()

    lines = [running.strip(), f"resources {says('rscstatus')}"]
    for name in says("listnodes").split():
        word = says("nodestatus-ping" if name == "10.81.0.1" else f"nodestatus-{name}")
        lines.append(f"node {name} {word}")
        if word != "ping" and name != node:
            lines.append(f"link {name} vec0 {says(f'hblinkstatus-{name}-vec0')}")
    return Answer("\n".join(lines) + "\n")


def serving(state: str, node: str) -> Answer | None:
    """As the built-ins of the shell print it; nfsd's threads were recorded in samples only, as 4 or 0."""
    mounts = recorded(state, node, "findmnt-drbd.txt")
    exports = recorded(state, node, "exportfs-s.txt") or recorded(state, node, "exportfs-v.txt")
    if exports is None:
        return None
    crm = recorded(state, node, "crm_mon-output-as-xml.xml") or ""
    by_pacemaker = re.search(rf'id="p_fs"[^>]*role="Started"[^>]*>\s*<node name="{node}"', crm)
    mounted = "/dev/drbd0" in (mounts or "") or by_pacemaker is not None
    lines = ["mount /dev/drbd0 /srv/nfs ext4 rw,noatime 0 0"] if mounted else []
    lines.append(f"threads {4 if mounted else 0}")
    lines += [f"export {line}" for line in exports.splitlines()]
    return Answer("\n".join(lines) + "\n")


def plain(command: str, before: str = "", after: str = "") -> Callable[[str, str], Answer | None]:
    def read(state: str, node: str) -> Answer | None:
        text = recorded(state, node, command)
        return None if text is None else Answer(before + text + after)

    return read


ANSWERS: Mapping[str, Callable[[str, str], Answer | None]] = {
    "proc": proc,
    "status": status,
    "serving": serving,
    "addresses": plain("ip-br-addr.txt"),
    "clients": plain("nfs-clients.txt", after="sockets\n"),
    "space": plain("df-srv.txt"),
    "kernel-log": plain("dmesg-drbd-tail.txt", before="uptime 5000.00\n"),
    "heartbeat": heartbeat,
    "manager-log": plain("ha-log-tail.txt", before="now 2026/11/23_17:00:00\n"),
    "pacemaker": plain("crm_mon-output-as-xml.xml"),
}


def unreachable(sentence: str = "no route to host") -> Failure:
    return Failure(FailureKind.UNREACHABLE, sentence)


@dataclass
class Scene:
    """A snapshot in the making: answers by question key, changed as a test needs."""

    storage: Storage
    answers: dict[str, Answer | Failure] = field(default_factory=dict)
    at: float = NOW

    @property
    def tier(self) -> StorageTier:
        profile = Profile("test", {name: Host("127.0.0.1") for name in NODES}, storage=self.storage)
        built = build(profile)
        assert isinstance(built, StorageTier)
        return built

    def expect(self, **changes: Any) -> Scene:
        self.storage = replace(self.storage, **changes)
        return self

    def say(self, node: str, what: str, text: str, exit_status: int = 0) -> Scene:
        self.answers[f"storage/{node}/{what}"] = Answer(text, exit_status)
        return self

    def edit(self, node: str, what: str, old: str, new: str) -> Scene:
        """One answer with `old` replaced; it must be there."""
        answer = self.answers[f"storage/{node}/{what}"]
        assert isinstance(answer, Answer)
        assert old in answer.text, answer.text
        return self.say(node, what, answer.text.replace(old, new), answer.status)

    def drop(self, node: str, *what: str) -> Scene:
        for one in what:
            self.answers.pop(f"storage/{node}/{one}", None)
        return self

    def fail(self, node: str, what: str, kind: FailureKind = FailureKind.TIMEOUT) -> Scene:
        self.answers[f"storage/{node}/{what}"] = Failure(kind, f"{node}: {what} {kind.value}")
        return self

    def lose(self, node: str) -> Scene:
        """The node answers nothing."""
        for question in self.tier.questions:
            if question.key.startswith(f"storage/{node}/"):
                self.answers[question.key] = unreachable(f"{node}: no route to host")
        return self

    def snapshot(self) -> Snapshot:
        readings = {question.key: self._reading(question) for question in self.tier.questions}
        return Snapshot(self.at, {key: reading for key, reading in readings.items() if reading is not None})

    def _reading(self, question: Question[Any]) -> Reading[Any] | None:
        answer = self.answers.get(question.key)
        return None if answer is None else Reading(question.read(answer), self.at)

    def picture(self) -> TierPicture:
        return self.tier.picture(self.snapshot())

    def codes(self) -> list[str]:
        """`code subject`, and what it is a consequence of."""
        return [
            f"{one.code.removeprefix('storage.')} {one.subject}"
            + (f" < {one.cause.removeprefix('storage.')}" if one.cause else "")
            for one in self.picture().findings
        ]


Make = Callable[..., Scene]


@pytest.fixture
def scene() -> Make:
    """`scene("hb-healthy-st1-active")`: both nodes as recorded in that state. A node that was not recorded in
    it is unreachable; `like` names a state to take from what this one did not record."""

    def make(state: str, like: str = "") -> Scene:
        hosts = {name: name for name in NODES}
        made = Scene(Storage(hosts, floating_ip=ADDRESS))
        if state.startswith("pcmk-"):
            made.expect(manager="pacemaker")
        for node in NODES:
            seen = any(path.name.startswith(f"{state}--{node}--") for path in RECORDINGS.iterdir())
            if not seen and not like:
                made.lose(node)
                continue
            for what, read in ANSWERS.items():
                answer = read(state, node) or (read(like, node) if like else None)
                if answer is not None:
                    made.answers[f"storage/{node}/{what}"] = answer
            made.say(node, "config", CONFIG)
        return made

    return make


@pytest.fixture
def recorded_states() -> set[str]:
    """States in which a node's DRBD was recorded."""
    return {path.name.partition("--")[0] for path in RECORDINGS.glob("*--proc-drbd.txt*")}
