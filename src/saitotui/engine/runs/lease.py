"""One actor at a time: a lease for each tier, kept on the platform itself where every console sees it.

Taking one is an atomic `mkdir`: in the Proxmox cluster file system when there is one (corosync's own quorum
orders it, pmxcfs(8)), else on each host of the tier. A lease names its holder and is renewed; a stale one is
taken over only by a decision that somebody typed.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from saitotui.clients.quoting import shell
from saitotui.engine.poll import Asker
from saitotui.model.command import Answer, Client, Command, Danger, Failure
from saitotui.model.profile import Profile

CLUSTER_FOLDER = "/etc/pve/saitotui"
HOST_FOLDER = "/run/lock/saitotui"
RENEW_EVERY = 20.0
"""Seconds between two renewals."""
STALE_AFTER = 90.0
"""Seconds without renewal after which a lease may be taken over."""
DEADLINE = 15.0
"""Seconds for one command: pmxcfs may hold a write back for some seconds."""

NO_LEASE, TAKEN = 3, 4
"""Exit statuses of the commands below: nobody's, and somebody else's."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a lease; `renewed` is UTC seconds by the holder's clock."""

    who: str
    run: str
    runbook: str
    why: str
    renewed: float

    def text(self) -> str:
        return json.dumps(asdict(self), sort_keys=True)

    @property
    def always(self) -> str:
        """What its text ends with, however often it is renewed."""
        return self.text().partition(", ")[2]


def read_holder(text: str) -> Holder | None:
    """The holder in a lease's file, or None when it cannot be read."""
    try:
        return Holder(**json.loads(text))
    except (ValueError, TypeError):
        return None


def places(profile: Profile, tier: str) -> list[tuple[str, str]]:
    """Where the lease of `tier` is kept: pairs of host and folder. With a cluster one node is enough (the
    first that answers); without, every host of the tier must grant it."""
    if profile.cluster:
        return [(host, CLUSTER_FOLDER) for host in profile.cluster.nodes.values()]
    return [(host, HOST_FOLDER) for host in tier_hosts(profile, tier)]


def tier_hosts(profile: Profile, tier: str) -> list[str]:
    """The hosts of one tier, each once, in the profile's order."""
    hosts: list[str] = list(profile.hosts) if tier == "hosts" else []
    if tier == "database" and profile.database:
        hosts += [server.host for server in profile.database.servers.values()]
        hosts += [haproxy.host for haproxy in profile.database.haproxy.values()]
    if tier == "storage" and profile.storage:
        hosts += profile.storage.nodes.values()
    if tier == "application" and profile.application:
        hosts += [nginx.host for nginx in profile.application.nginx.values()]
        hosts += [tomcat.host for tomcat in profile.application.tomcats.values()]
    if tier == "cluster" and profile.cluster:
        hosts += profile.cluster.nodes.values()
    if tier == "hardware" and profile.hardware:
        hosts += profile.hardware.servers.values()
    return list(dict.fromkeys(hosts))


def take_command(host: str, folder: str, tier: str, holder: Holder) -> Command:
    """Exit 0: taken; TAKEN: somebody holds it, their text is printed."""
    lease = shell(f"{folder}/{tier}")
    text = (
        f"mkdir -p {shell(folder)} && if mkdir {lease} 2>/dev/null; "
        f"then printf %s {shell(holder.text())} > {lease}/holder; "
        f"else cat {lease}/holder 2>/dev/null; exit {TAKEN}; fi"
    )
    return Command(Client.SSH, host, f"( {text} )", danger=Danger.REVERSIBLE)


def renew_command(host: str, folder: str, tier: str, holder: Holder) -> Command:
    """Exit 0: renewed; NO_LEASE: it is gone; TAKEN: it is somebody else's, their text is printed."""
    file = shell(f"{folder}/{tier}/holder")
    text = (
        f'said="$(cat {file} 2>/dev/null)"; case "$said" in '
        f"*{shell(holder.always)}) printf %s {shell(holder.text())} > {file};; "
        f"'') exit {NO_LEASE};; "
        f'*) printf %s "$said"; exit {TAKEN};; esac'
    )
    return Command(Client.SSH, host, f"( {text} )", danger=Danger.REVERSIBLE)


def release_command(host: str, folder: str, tier: str, ends: str) -> Command:
    """Removes the lease whose holder's text ends with `ends`; exit NO_LEASE when it is another's, or gone."""
    lease = shell(f"{folder}/{tier}")
    script = (
        f'case "$(cat {lease}/holder 2>/dev/null)" in *{shell(ends)}) ;; *) exit {NO_LEASE};; esac; '
        f"rm -f {lease}/holder && rmdir {lease}"
    )
    return Command(Client.SSH, host, f"( {script} )", danger=Danger.REVERSIBLE)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that is ours, at one place."""

    tier: str
    host: str
    folder: str


class LeaseRefused(Exception):
    """Somebody else acts, or it cannot be told; the message is a sentence. `stale` is their text, if so."""

    def __init__(self, sentence: str, stale: str = "") -> None:
        super().__init__(sentence)
        self.stale = stale


class Leases:
    """The leases of one run."""

    def __init__(
        self, profile: Profile, asker: Asker, holder: Callable[[], Holder], clock: Callable[[], float]
    ) -> None:
        self._profile = profile
        self._asker = asker
        self._new_holder = holder
        self._clock = clock
        self._current = holder()
        self._held: list[Held] = []
        self._renewing = asyncio.Lock()
        self.taken = ""
        """Which of them somebody else has, as the last renewal found; '' when none."""

    async def take(self, tiers: Sequence[str], take_over: str = "", absent: Sequence[str] = ()) -> None:
        """Takes the lease of every tier, or none and raises LeaseRefused. Of `absent` hosts none is needed
        while they do not answer: whoever else acts needs that of the others, too."""
        try:
            for tier in tiers:
                await self._take_tier(tier, take_over, absent)
        except LeaseRefused:
            await self.release()
            raise

    async def _take_tier(self, tier: str, take_over: str, absent: Sequence[str]) -> None:
        silent: list[str] = []
        dead: list[str] = []
        for host, folder in places(self._profile, tier):
            why = await self._take_place(tier, host, folder, take_over)
            if why:
                (dead if host in absent else silent).append(why)
            elif self._profile.cluster:
                return
        granted = any(held.tier == tier for held in self._held)
        silent += [] if granted else dead
        if self._profile.cluster or silent:
            where = "; ".join(silent) or "no cluster node answers"
            raise LeaseRefused(f"cannot tell whether anybody else acts on {tier}: {where}")

    async def _take_place(self, tier: str, host: str, folder: str, take_over: str) -> str:
        """'' when taken; why it cannot be told when the place does not answer; LeaseRefused when held."""
        command = take_command(host, folder, tier, self._current)
        answer = await self._say(command)
        if isinstance(answer, Failure):
            return f"{host}: {answer.sentence}"
        if answer.status == 0:
            self._held.append(Held(tier, host, folder))
            return ""
        if answer.status != TAKEN:
            return f"{host}: {answer.text.strip()[:200] or f'status {answer.status}'}"
        return await self._held_by_another(tier, host, folder, answer, take_over)

    async def _held_by_another(
        self, tier: str, host: str, folder: str, answer: Answer, take_over: str
    ) -> str:
        text = answer.text.strip()
        holder = read_holder(text)
        if holder is not None and holder.run == self._current.run and holder.who == self._current.who:
            # A runner that was killed and started again finds its own lease.
            await self._say(release_command(host, folder, tier, text))
            return await self._take_place(tier, host, folder, "")
        if take_over and take_over == text:
            await self._say(release_command(host, folder, tier, text))
            return await self._take_place(tier, host, folder, "")
        if holder is None:
            raise LeaseRefused(
                f"somebody holds the {tier} tier on {host}, and their name cannot be read", text
            )
        age = self._clock() - holder.renewed
        stale = age > STALE_AFTER
        raise LeaseRefused(
            f"{holder.who} holds the {tier} tier: {holder.runbook}, run {holder.run}, {holder.why!r}, "
            f"last sign of life {age:.0f}s ago{'; it is stale and may be taken over' if stale else ''}",
            text if stale else "",
        )

    async def renew(self) -> str:
        """Says again that we are alive; '' or why a lease may be lost. One that is gone (its host was started
        anew) is taken again; afterwards `taken` says which are somebody else's."""
        async with self._renewing:
            self._current = self._new_holder()
            found = await asyncio.gather(*(self._renewed(held) for held in self._held))
            self.taken = "; ".join(sentence for sentence, taken in found if taken)
            return "; ".join(sentence for sentence, _ in found if sentence)

    async def _renewed(self, held: Held) -> tuple[str, bool]:
        """Why one lease may be lost ('' when it is not), and whether somebody else has it."""
        where = f"the lease of {held.tier} on {held.host}"
        answer = await self._say(renew_command(held.host, held.folder, held.tier, self._current))
        if isinstance(answer, Answer) and answer.status == NO_LEASE:
            answer = await self._say(take_command(held.host, held.folder, held.tier, self._current))
            if isinstance(answer, Answer) and answer.status == 0:
                return f"{where} was gone and is taken again", False
        if isinstance(answer, Failure):
            return f"{where} was not renewed: {answer.sentence}", False
        if answer.status == TAKEN:
            other = read_holder(answer.text.strip())
            who = f"{other.who} holds it now, run {other.run}" if other else "somebody holds it now"
            return f"{where} is not ours any more: {who}", True
        return "", False

    async def _say(self, command: Command) -> Answer | Failure:
        return (await self._asker.ask([command], DEADLINE))[0]

    async def release(self) -> str:
        """Gives all leases back; '' or what could not be given back."""
        left = []
        for held in self._held:
            answer = await self._say(release_command(held.host, held.folder, held.tier, self._current.always))
            if isinstance(answer, Failure) or answer.status:
                why = answer.sentence if isinstance(answer, Failure) else answer.text.strip()
                if isinstance(answer, Answer) and answer.status == NO_LEASE:
                    why = "it is not ours any more"
                left.append(f"the lease of {held.tier} on {held.host} was not given back: {why}")
        self._held = []
        return "; ".join(left)
