"""A Proxmox VE node that comes into a cluster: what is asked of it first, how it joins, and what proves it.

By pvecm(1) over SSH: creating and joining need root, which no API token is (pve-docs, "Cluster Manager"). A
node that joins loses its own /etc/pve, so what is in there is shown before; it must have no guests. All links
carry corosync (UDP 5405 to 5412), which wants less than 5 ms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from saitotui.clients.quoting import shell
from saitotui.facts import nfs, proxmox_corosync
from saitotui.facts.proxmox_corosync import LinksView, QuorumView
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.model.profile import Cluster
from saitotui.model.text import one_line, size
from saitotui.runbooks.judging import has, reading, value_name
from saitotui.tiers.cluster.questions import LINKS, QUORUM

CONFIG = "/etc/pve/corosync.conf"
OWN = (
    "storage.cfg", "user.cfg", "datacenter.cfg", "jobs.cfg", "domains.cfg", "replication.cfg",
    "ha/resources.cfg", "firewall/cluster.fw",
)  # fmt: skip
"""What somebody may have put into /etc/pve of a node of its own."""
KEY, HOST_KEY = "/root/.ssh/id_rsa.pub", "/etc/ssh/ssh_host_ed25519_key.pub"
ROOM = 1 << 30
VERSION = "pveversion"
PATIENCE = 120.0
"""Seconds in which a node that joins must hear the others."""
_VERSION = re.compile(r"pve-manager/(\d+\.\d+)")
_PUBLIC = re.compile(r"(ssh-(?:rsa|ed25519) [A-Za-z0-9+/]+=*)(?: |$)")


@dataclass(frozen=True, slots=True)
class Place:
    """A node of the profile, the host that it is, and its addresses on corosync's links."""

    name: str
    host: str
    addresses: tuple[str, ...]

    def run(self, text: str, danger: Danger = Danger.READ) -> Command:
        return Command(Client.SSH, self.host, text, danger=danger)

    @property
    def links(self) -> str:
        """As pvecm's options."""
        return " ".join(f"--link{number} {shell(one)}" for number, one in enumerate(self.addresses))


def places(cluster: Cluster) -> dict[str, Place] | str:
    """All nodes of the profile; or what it lacks, as a sentence."""
    if not cluster.name:
        return "the profile does not say what the cluster is called: give `cluster.name`"
    if not cluster.link_addresses:
        return "the profile does not say which addresses corosync uses: give `cluster.link_addresses`"
    for number, link in enumerate(cluster.link_addresses):
        lacking = [node for node in cluster.nodes if node not in link]
        if lacking:
            return f"`cluster.link_addresses` has no address of {', '.join(lacking)} on link {number}"
    return {
        name: Place(name, host, tuple(link[name] for link in cluster.link_addresses))
        for name, host in cluster.nodes.items()
    }


def _check(
    place: Place, sentence: str, text: str, judge: Callable[[Answer], Verdict], deadline: float = 6.0
) -> Check:
    return Check(sentence, place.run(text), reading(judge), deadline, pause=1.0)


def unbound(place: Place, cluster: str) -> Check:
    """Whether it is in no cluster yet and has no guests, or is in this cluster."""
    text = (
        f"if [ -e {CONFIG} ]; then grep cluster_name: {CONFIG}; "
        'echo "corosync $(systemctl is-active corosync)"; else qm list; pct list; fi'
    )

    def judge(answer: Answer) -> Verdict:
        found = re.search(r"cluster_name:\s*(\S+)", answer.text)
        if found is not None and found[1] != cluster:
            return Verdict(False, f"it is in the cluster {found[1]}: take it out there, and install it anew")
        if found is not None:
            runs = "corosync active" in answer.text.split("\n")
            return Verdict(
                runs, "a member" if runs else "a member, and its corosync does not run: start that"
            )
        guests = re.findall(r"^\s*(\d{3,9})\s", answer.text, re.MULTILINE)
        said = (
            f"it has guests: {', '.join(guests)}: move them away first"
            if guests
            else "in no cluster, no guests"
        )
        return Verdict(not guests, said)

    return _check(
        place, f"{place.name} is in no other cluster and has no guests of its own", text, judge, 10.0
    )


def expendable(place: Place) -> Check:
    """What of its own configuration is replaced by the cluster's."""
    files = " ".join(OWN)
    text = (
        f"[ -e {CONFIG} ] && echo member; for f in {files}; do "
        'if [ -s "/etc/pve/$f" ]; then echo "$f $(wc -l <"/etc/pve/$f")"; fi; done; true'
    )

    def judge(answer: Answer) -> Verdict:
        lines = answer.text.split()
        if lines[:1] == ["member"]:
            return Verdict(True, "it is a member already")
        found = [f"{name} ({count} lines)" for name, count in zip(lines[::2], lines[1::2], strict=False)]
        return Verdict(not found, ", ".join(found) or "there is nothing")

    return _check(place, f"nothing in /etc/pve of {place.name} is erased", text, judge)


def named(place: Place) -> Check:
    """Whether it is called so, and its name leads to its first link: pmxcfs wants that."""

    def judge(answer: Answer) -> Verdict:
        called, *found = answer.text.split()
        if called != place.name:
            return Verdict(False, f"it is called {called}")
        address = found[0] if found else "nothing"
        return Verdict(address == place.addresses[0], f"{place.name} leads to {address}")

    text = f"uname -n; getent hosts {shell(place.name)}; true"
    return _check(place, f"{place.name} knows its name, and by it {place.addresses[0]}", text, judge)


def addressed(place: Place) -> Check:
    sentence = f"{place.name} has {' and '.join(place.addresses)}"
    return _check(place, sentence, "ip -br addr", has(place.addresses))


def roomy(place: Place) -> Check:
    def judge(answer: Answer) -> Verdict:
        fields = answer.text.strip().split("\n")[-1].split()
        spare = int(fields[3]) * 1024
        return Verdict(spare >= ROOM, f"{size(spare)} are free")

    return _check(place, f"{place.name} has room for the cluster's configuration", "df -P -k /", judge)


def virtual(place: Place) -> Check:
    """Whether its processors run virtual machines: KVM is there (kvm(4), `/dev/kvm`)."""

    def judge(answer: Answer) -> Verdict:
        there = answer.text.strip() == "there"
        return Verdict(
            there, "/dev/kvm is there" if there else "there is no /dev/kvm: switch VT-x or AMD-V on"
        )

    text = "[ -e /dev/kvm ] && echo there; true"
    return _check(place, f"{place.name} can run virtual machines", text, judge)


def apart(place: Place) -> Check:
    """Whether its links are on different interfaces."""

    def judge(answer: Answer) -> Verdict:
        found = {one.address: one.interface for one in nfs.addresses(answer)}
        used = [found.get(one, "nowhere") for one in place.addresses]
        return Verdict(len(set(used)) == len(used), " and ".join(used))

    return _check(place, f"each link of {place.name} has an interface of its own", "ip -br addr", judge)


def _release(answer: Answer) -> str:
    """`9.2`, of pveversion(1). ValueError when it is not that."""
    found = _VERSION.match(answer.text.strip())
    if found is None:
        raise ValueError(f"it does not tell its version: {one_line(answer.text, limit=80)}")
    return found[1]


def _same_release(place: Place, first: Place) -> Check:
    """Whether it runs what the first one was captured to run: nodes of one cluster do (pve-docs, "Cluster
    Manager", Requirements)."""

    def judge(answer: Answer) -> Verdict:
        release = _release(answer)
        same = release == answer.against
        return Verdict(same, release if same else f"{release}, and {first.name} runs {answer.against}")

    check = _check(place, f"{place.name} runs the Proxmox VE of {first.name}", VERSION, judge)
    return replace(check, against=value_name("release", first.name))


def guarded(place: Place) -> Check:
    """HA fences by the watchdog: without it a lost node might go on."""
    units = ("watchdog-mux", "pve-ha-crm", "pve-ha-lrm")

    def judge(answer: Answer) -> Verdict:
        states = answer.text.split()
        dead = [f"{unit} is {state}" for unit, state in zip(units, states, strict=False) if state != "active"]
        known = len(states) == len(units)
        return Verdict(None if not known else not dead, "; ".join(dead) if known else one_line(answer.text))

    text = f"systemctl is-active {' '.join(units)}"
    return _check(place, f"HA and the watchdog run on {place.name}", text, judge)


def create(first: Place, cluster: str) -> Step:
    def judge(answer: Answer) -> Verdict:
        found = re.search(r"^Name:\s+(\S+)$", answer.text, re.MULTILINE)
        if found is None:
            return Verdict(
                False if "does not exist" in answer.text else None, one_line(answer.text, limit=120)
            )
        quorate = re.search(r"^Quorate:\s+Yes", answer.text, re.MULTILINE) is not None
        return Verdict(
            found[1] == cluster and quorate, f"in {found[1]}{'' if quorate else ', without quorum'}"
        )

    return Step(
        f"{first.name} is the first node of {cluster}",
        (Act(first.run(f"pvecm create {shell(cluster)} {first.links}", Danger.DISRUPTIVE)),),
        goal=_check(first, f"{first.name} is in {cluster}, which has quorum", "pvecm status", judge),
        no_undo="a node leaves a cluster only by being installed anew",
        deadline=60.0,
        expected=6.0,
    )


def _public(answer: Answer) -> str:
    """A public key, without its comment (sshd(8), AUTHORIZED_KEYS FILE FORMAT)."""
    found = _PUBLIC.match(answer.text.strip())
    if found is None:
        raise ValueError(f"no public key: {one_line(answer.text, limit=80)}")
    return found[1]


def introduce(place: Place, first: Place) -> tuple[Step, Step]:
    """Root of the node that joins may log in to the first, and knows it: as in every Proxmox cluster."""
    key, host_key = value_name("key", place.name), value_name("host_key", first.name)
    address = first.addresses[0]
    read = Step(
        f"read the SSH keys of {place.name} and {first.name}, and what that runs",
        (
            Act(place.run(f"cat {KEY}"), capture=Capture(key, _public)),
            Act(first.run(f"cat {HOST_KEY}"), capture=Capture(host_key, _public)),
            Act(first.run(VERSION), capture=Capture(value_name("release", first.name), _release)),
        ),
        expected=0.2,
    )
    allow = f"mkdir -p /root/.ssh && echo '{{{key}}} root@'{shell(place.name)} >>/root/.ssh/authorized_keys"
    know = f"mkdir -p /root/.ssh && echo {shell(address)}' {{{host_key}}}' >>/root/.ssh/known_hosts"

    def judge(answer: Answer) -> Verdict:
        said = one_line(answer.text.strip().split("\n")[-1], limit=120)
        return Verdict(answer.status == 0, said or ("it does" if answer.status == 0 else "it does not"))

    tried = (
        f"ssh -o BatchMode=yes -o StrictHostKeyChecking=yes -o ConnectTimeout=4 root@{shell(address)} true"
    )
    return read, Step(
        f"root of {place.name} gets in at {first.name}",
        (Act(first.run(allow, Danger.REVERSIBLE)), Act(place.run(know, Danger.REVERSIBLE))),
        goal=_check(place, f"root of {place.name} logs in to {address} by its key", tried, judge),
        no_undo="the cluster gives all its nodes the same",
        deadline=20.0,
        expected=1.0,
    )


def join(place: Place, first: Place, cluster: str) -> Step:
    text = f"pvecm add {shell(first.addresses[0])} --use_ssh 1 {place.links} </dev/null"
    return Step(
        f"{place.name} joins {cluster}; its own /etc/pve is erased",
        (Act(place.run(text, Danger.DESTRUCTIVE)),),
        goal=together(first, (place,)),
        requires=(unbound(place, cluster), _same_release(place, first)),
        no_undo="a node leaves a cluster only by being taken out (remove-node) and installed anew",
        deadline=PATIENCE,
        expected=15.0,
    )


def together(seen_from: Place, others: Sequence[Place]) -> Check:
    """Whether a node has quorum, and counts the others."""

    def judge(answer: Answer) -> Verdict:
        view: QuorumView = proxmox_corosync.quorum(answer)
        if not view.running:
            return Verdict(False, f"its corosync does not run: {view.reason}")
        names = {member.name for member in view.members}
        known = names | {one.name for one in others if names & set(one.addresses)}
        lacking = [one.name for one in others if one.name not in known]
        said = f"{len(view.members)} of {view.expected}{'' if view.quorate else ', without quorum'}"
        return Verdict(
            view.quorate and not lacking, said + (f", not {', '.join(lacking)}" if lacking else "")
        )

    names = ", ".join(one.name for one in others)
    return _check(seen_from, f"{seen_from.name} has quorum, together with {names}", QUORUM, judge)


def linked(seen_from: Place, links: int, peers: int) -> Check:
    """Whether it reaches that many others over each link."""

    def judge(answer: Answer) -> Verdict:
        view: LinksView = proxmox_corosync.links(answer)
        if len(view.links) < links:
            return Verdict(False, f"it has {len(view.links)} links")
        short = [
            f"link {link.number} reaches {up - 1} others"
            for link in view.links
            if (up := sum(link.peers.values())) - 1 < peers
        ]
        return Verdict(not short, "; ".join(short) or f"{len(view.links)} links, {peers} others over each")

    return _check(seen_from, f"{seen_from.name} reaches the others over each link", LINKS, judge)


def proven(goal: Check, title: str) -> Step:
    """Nothing is done; it comes about, or somebody looks."""
    return Step(title, (), goal=goal, deadline=60.0, expected=3.0, parks=True)
