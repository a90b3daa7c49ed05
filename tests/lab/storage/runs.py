"""Runbooks on the real storage pair, and what a client of its export noticed meanwhile."""

from __future__ import annotations

import asyncio
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from tests.lab.host import LONG, LabError, wait_for
from tests.lab.storage.pair import LOOK, StoragePair
from tests.lab.storage.profile import FLOATING_IP, NODES, other_of
from tests.lab.storage.uml import UmlHost
from tests.runbooks.deployments import Happening
from tests.runbooks.simulated import Kept

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.poll import look_again
from saitotui.engine.registry import platform
from saitotui.engine.runs.catalogue import plan_of
from saitotui.engine.runs.execution import Execution, Line, preflight
from saitotui.engine.runs.record import Record
from saitotui.model.command import Command
from saitotui.model.plan import Outcome, Plan, Refusal
from saitotui.model.profile import Profile
from saitotui.model.run import Decision, Result, RunEvent
from saitotui.model.snapshot import Snapshot

PLACE = "/mnt/nfs"
FILE = f"{PLACE}/data/numbered"
RATE = 10.0
"""Lines a second that a client writes."""


@dataclass
class Noticed:
    """What the client was told: line numbers with the second of their acknowledgement; what failed."""

    lines: list[tuple[int, float]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def pauses(self) -> list[float]:
        """Seconds between acknowledgements, longest first."""
        return sorted((after - before for (_, before), (_, after) in pairwise(self.lines)), reverse=True)


def mounted(pair: StoragePair, version: str = "4.2") -> None:
    """The client uses the export."""
    mount = f"mount -t nfs -o vers={version},hard,timeo=50 {FLOATING_IP}:/srv/nfs {PLACE}"
    pair.client.ssh(f"grep -q ' {PLACE} ' /proc/mounts || {mount}")


@contextmanager
def working(pair: StoragePair, version: str = "4.2") -> Iterator[Noticed]:
    """A client writes and reads the export in the block; afterwards the result holds what it noticed."""
    mounted(pair, version)
    pair.client.ssh(f"rm -f {FILE}")
    noticed = Noticed()
    writer = subprocess.Popen(
        pair.client.command(f"lab-writer {FILE} {RATE}"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    reader = threading.Thread(target=_read, args=(writer, noticed))
    reader.start()
    try:
        yield noticed
        time.sleep(1)
    finally:
        if writer.stdin is not None:
            writer.stdin.close()
        reader.join(LONG)
        writer.kill()
        writer.wait(LONG)
        if writer.stdout is not None:
            writer.stdout.close()


def unmounted(pair: StoragePair) -> None:
    """The client gives the export up; the next one may mount it otherwise."""
    pair.client.ssh(f"umount {PLACE}")


def _read(writer: subprocess.Popen[str], noticed: Noticed) -> None:
    assert writer.stdout is not None
    for line in writer.stdout:
        words = line.split(None, 1)
        if words[0] == "error":
            noticed.errors.append(line.strip())
        elif words[0].isdigit():
            noticed.lines.append((int(words[0]), float(words[1])))


def kept(pair: StoragePair) -> set[int]:
    """The lines that the export has, as the node that serves reads them from its disk."""
    name = pair.serving()
    assert name is not None, [pair.state(one) for one in NODES]
    said = pair.hosts[name].says("cat /srv/nfs/data/numbered")
    return {int(line) for line in said.splitlines() if line.isdigit()}


def nothing_lost(pair: StoragePair, noticed: Noticed) -> None:
    assert noticed.errors == []
    assert noticed.lines
    assert {number for number, _ in noticed.lines} <= kept(pair)


async def _look(hub: Hub, profile: Profile) -> Snapshot:
    """As the console looks before it makes a plan."""
    return await look_again(hub, platform(profile).questions.values(), time.time)


async def goes_on(noticed: Noticed, seconds: float = 90.0) -> None:
    """Waits until the client's writes are acknowledged again, and again."""
    before, until = len(noticed.lines), time.monotonic() + seconds
    while len(noticed.lines) < before + 2 * RATE:
        assert time.monotonic() < until, f"nothing is acknowledged for {seconds:g} s"
        await asyncio.sleep(0.5)


class Refused(AssertionError):
    """A runbook makes no plan; the message says why."""


async def _red(hub: Hub, plan: Plan) -> list[Line]:
    """The preflight's red lines. What nobody can tell is asked again, as an engineer does: these hosts are
    slow."""
    for _ in range(5):
        red = [line for line in await preflight(hub, plan.preflight) if line.word == "red"]
        if all(line.verdict.holds is not None for line in red):
            break
        await asyncio.sleep(2)
    return red


class Carried:
    """One run of a runbook; `then` happens right before the first command for which `when` holds."""

    def __init__(self, pair: StoragePair, evidence: Path) -> None:
        self._pair = pair
        self._evidence = evidence
        self.events: list[RunEvent] = []

    async def planned(self, runbook: str, **given: str) -> Plan | Refusal:
        profile = load_profile(self._pair.profile)
        hub = Hub(profile)
        try:
            return plan_of(profile, await _look(hub, profile), runbook, given)
        finally:
            await hub.aclose()

    async def run(
        self,
        runbook: str,
        when: Callable[[Command], bool] = lambda command: False,
        then: Callable[[], object] = lambda: None,
        **given: str,
    ) -> Result:
        """To its end. What is refused, as something did not answer in time, is begun again, as an engineer
        does it: nothing was done. Not once `then` has happened."""
        happened: list[object] = []
        for _ in range(5):
            result = await self._once(runbook, when, lambda: happened.append(then()), **given)
            if result.outcome is not Outcome.REFUSED or happened:
                break
            print(f"\n{runbook} was refused, and is begun again: {result.sentence}")
            await asyncio.sleep(2)
        return result

    async def _once(
        self, runbook: str, when: Callable[[Command], bool], then: Callable[[], object], **given: str
    ) -> Result:
        profile = load_profile(self._pair.profile)
        hub = Hub(profile)

        async def go(stage: int, why: str) -> Decision:
            return Decision.ABANDON if why else Decision.GO

        try:
            plan = plan_of(profile, await _look(hub, profile), runbook, given)
            if isinstance(plan, Refusal):
                raise Refused("; ".join(plan.reasons))
            red = await _red(hub, plan)
            assert red == [], [line.sentence for line in red]
            record = Record(Kept(), "0001", self.events.append, evidence=self._evidence)
            return await Execution(plan, Happening(hub, when, then), record, go).run()
        finally:
            await hub.aclose()

    def told(self, words: str) -> bool:
        return any(words in event.sentence for event in self.events)


BELIEF = "cl_status rscstatus"
_SCRIPTS = "/usr/share/heartbeat"


@contextmanager
def forgetful(host: UmlHost, *, starts: bool = False) -> Iterator[None]:
    """heartbeat on the host loses the takeovers that it begins: nothing is started (unless it `starts`), and
    the message that ends them does not come through, as when two scripts write at once."""
    lost = "sed -i 's/^case $HA_NICEFAILBACK in/case lost in/' mach_down"
    what = lost if starts else "sed -i '2i exit 0' mach_down req_resource"
    host.ssh(f"cd {_SCRIPTS} && mkdir whole && cp -p mach_down req_resource whole/ && {what}")
    try:
        yield
    finally:
        host.ssh(f"cd {_SCRIPTS} && mv whole/* . && rmdir whole")


async def taken_over(pair: StoragePair, evidence: Path, dead: str, seconds: float = 60.0) -> str:
    """Waits until the survivor of `dead` serves; who brought that about. heartbeat loses a takeover now and
    then: then it is the runbook, as an engineer would have it."""
    survivor = other_of(dead)
    with suppress(LabError):
        wait_for(f"{survivor} to serve", lambda: pair.serving() == survivor, seconds, every=LOOK)
        return pair.manager
    result = await Carried(pair, evidence).run("fail-over-drbd", off=dead)
    assert result.outcome is Outcome.DONE, result.sentence
    assert pair.serving() == survivor
    return "the runbook"


async def brought_home(pair: StoragePair, evidence: Path) -> None:
    """A node that does not come back by itself is brought back."""
    with suppress(Refused):
        result = await Carried(pair, evidence).run("rejoin-drbd-node")
        assert result.outcome is Outcome.DONE, result.sentence


class Watcher:
    """Looks, over and over, whether both nodes say that they are Primary and connected, or serve at once."""

    def __init__(self, pair: StoragePair) -> None:
        self._pair = pair
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.both: list[float] = []
        self.looks = 0

    def __enter__(self) -> Watcher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(LONG)

    def _primaries(self) -> Sequence[str]:
        """Asked seldom and with little, so that it slows nothing down."""
        ask = "while read -r line; do case $line in *ro:Primary/*) exit 0;; esac; done </proc/drbd; exit 1"
        return [n for n in NODES if not self._pair.hosts[n].ssh(ask, 5.0, check=False).returncode]

    def _look(self) -> None:
        while not self._stop.is_set():
            # Twice, so that a hand-over between two questions is not taken for two Primaries.
            if len(self._primaries()) > 1 and len(self._primaries()) > 1:
                self.both.append(time.monotonic())
            self.looks += 1
            self._stop.wait(2.0)


async def moved_back_and_forth(pair: StoragePair, evidence: Path, times: int) -> list[float]:
    """Moves the service under a client's writes; the seconds that it waited each time. Nothing is lost, and
    two are never Primary."""
    pauses = []
    with Watcher(pair) as watcher:
        for _ in range(times):
            old = pair.serving()
            with working(pair) as noticed:
                result = await Carried(pair, evidence).run("fail-over-drbd")
            assert result.outcome is Outcome.DONE, result.sentence
            assert old is not None
            assert pair.serving() == other_of(old)
            nothing_lost(pair, noticed)
            pauses.append(noticed.pauses[0])
    assert watcher.looks
    assert watcher.both == []
    return pauses
