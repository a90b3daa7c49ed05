"""Whether the guests that a runbook acts on are left alone meanwhile by the Proxmox cluster that runs them.

A backup freezes the file system of a guest (vzdump, "Backup modes"), a migration stops it for its last
moments: each takes longer than writers should wait. See `/cluster/resources` of the Proxmox VE API.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saitotui.facts import proxmox_resources
from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Check, Grade, Precondition, Verdict
from saitotui.model.profile import Profile
from saitotui.runbooks.judging import reading

CALM = ("", "started")
"""States of an HA resource in which HA does nothing to its guest (ha-manager(1))."""
_RESOURCES = Command(Client.PROXMOX, "cluster", "get /cluster/resources")
_DEADLINE = 5.0


def undisturbed(profile: Profile, hosts: Sequence[str]) -> Iterator[Precondition]:
    """The lines of a preflight about the guests of the profile's cluster that `hosts` are; none when they are
    no guests."""
    known = {
        guest.host: number for number, guest in (profile.cluster.guests if profile.cluster else {}).items()
    }
    guests = {host: known[host] for host in hosts if host in known}
    for host, number in guests.items():
        yield Precondition(_calm(host, number), "it may stand still in the middle", unknown=Grade.AMBER)
    if len(guests) > 1:
        why = "a node that is lost takes both with it"
        yield Precondition(_apart(guests), why, Grade.AMBER, Grade.AMBER)


def _calm(host: str, number: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        guest = proxmox_resources.resources(answer).guest(number)
        if guest is None:
            return Verdict(None, f"the cluster does not name guest {number}")
        said = [f"{guest.status} on {guest.node}"]
        said += [f"lock {guest.lock}"] if guest.lock else []
        said += [f"HA {guest.ha}"] if guest.ha else []
        calm = guest.status == "running" and not guest.lock and guest.ha in CALM
        return Verdict(calm, ", ".join(said))

    sentence = f"nobody backs up, moves or stops guest {number} ({host})"
    return Check(sentence, _RESOURCES, reading(judge), deadline=_DEADLINE)


def _apart(guests: dict[str, str]) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = proxmox_resources.resources(answer)
        nodes = {host: guest.node for host, number in guests.items() if (guest := found.guest(number))}
        if len(nodes) < len(guests):
            return Verdict(None, "the cluster does not say where they run")
        said = ", ".join(f"{host} on {node}" for host, node in nodes.items())
        return Verdict(len(set(nodes.values())) == len(nodes), said)

    sentence = f"{' and '.join(guests)} run on different nodes"
    return Check(sentence, _RESOURCES, reading(judge), deadline=_DEADLINE)
