"""A host's firewall, put there so that nobody can shut himself out.

The rules are loaded together with a timer that takes them back (systemd-run(1)); a login of its own must come
through them before the timer is stopped. Whoever dies in between has shut nobody out for longer than that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from saitotui.clients.quoting import shell
from saitotui.configs import ConfigFile
from saitotui.configs.hosts import TABLE, mark_of
from saitotui.model.command import NEW_LOGIN, Answer, Client, Command, Danger
from saitotui.model.plan import Act, Check, Grade, Precondition, Step, Verdict
from saitotui.model.profile_build import HostsBuild
from saitotui.model.text import one_line
from saitotui.runbooks.hosts import asked, done, on
from saitotui.runbooks.judging import reading

LETS_GO = 60
"""Seconds after which rules that nobody has confirmed are taken back."""
UNIT = "saitotui-firewall-back"
BEFORE, BOOTED = "/run/saitotui-firewall.before", "/run/saitotui-firewall.booted"
"""What a host had before: rules of ours, and whether there were any after a boot."""
_BACK = f"nft delete table {TABLE} 2>/dev/null; [ ! -s {BEFORE} ] || nft -f {BEFORE}"
_ENABLED = "systemctl is-enabled nftables"
_STOP = f"systemctl stop {UNIT}.timer 2>/dev/null"
_PENDING = f"systemctl is-active {UNIT}.timer"
_LOADED = f"nft list table {TABLE} 2>/dev/null"
_LISTENS = re.compile(r"^LISTEN\s+\d+\s+\d+\s+(\S+):(\d+)\s", re.MULTILINE)


def able(host: str) -> Check:
    """Whether its kernel takes rules for both versions of IP in one table (`nft -c`: nothing is changed)."""

    def judge(answer: Answer) -> Verdict:
        return Verdict(answer.status == 0, one_line(answer.text, limit=120) or "it has")

    text = f"echo {shell(f'table {TABLE} {{ }}')} | nft -c -f -"
    return asked(host, f"the kernel of {host} has nftables", text, judge)


def lets_in(host: str, build: HostsBuild, port: int) -> Check:
    """Whether the rules let in whoever asks this: by the address from which, and the port at which, this
    console's login comes."""
    allowed = [ip_network(one) for one in (*build.networks, *build.logins)]

    def judge(answer: Answer) -> Verdict:
        words = answer.text.split()
        if len(words) != 4:
            return Verdict(None, "the host does not tell where this login comes from")
        try:
            origin, at = ip_address(words[0].partition("%")[0]), words[3]
        except ValueError as error:
            return Verdict(None, str(error))
        if not any(origin in network for network in allowed):
            return Verdict(False, f"it comes from {origin}: give `build.logins` a network that has it")
        if at != str(port):
            return Verdict(False, f"SSH listens at {at}: give `hosts.{host}.port`")
        return Verdict(True, f"it comes from {origin}")

    return asked(host, f"the firewall of {host} will let this console in", "echo $SSH_CONNECTION", judge)


def shut(host: str, opened: Sequence[int], file: ConfigFile) -> Precondition:
    """What the rules close that listens now; nothing where they are loaded already."""

    def judge(answer: Answer) -> Verdict:
        if mark_of(file) in answer.text:
            return Verdict(True, "it has these rules")
        closed = sorted(
            {
                int(port)
                for address, port in _LISTENS.findall(answer.text)
                if int(port) not in opened and not _loopback(address)
            }
        )
        return Verdict(not closed, f"closed: {', '.join(map(str, closed))}" if closed else "nothing")

    sentence = f"nothing that listens on {host} is closed to others than the platform and engineers"
    check = asked(host, sentence, f"{_LOADED}; ss -Hltn", judge)
    why = "who comes there from elsewhere gets no answer any more: open it by `build.open`"
    return Precondition(check, why, Grade.AMBER)


def _loopback(address: str) -> bool:
    return address.strip("[]").partition("%")[0].startswith(("127.", "::1"))


def loaded(host: str, file: ConfigFile) -> Step:
    """The rules are in force, and a new login comes through them."""
    # Rules that nobody has confirmed are not what was there before.
    arm = (
        f"if {_PENDING} >/dev/null; then {_BACK}; {_STOP}; fi; {_LOADED} >{BEFORE}; {_ENABLED} >{BOOTED}; "
        f"systemd-run --quiet --collect --unit {UNIT} "
        f"--on-active={LETS_GO} sh -c {shell(_BACK)} && nft -f {shell(file.path)}"
    )
    return Step(
        f"{host} lets in whom the profile says, for {LETS_GO} s at first",
        (Act(on(host, arm, Danger.DISRUPTIVE), done),),
        goal=_in_force(host, file),
        undo=(Act(on(host, f"{_BACK}; {_STOP}; true", Danger.REVERSIBLE), done),),
        undone=_gone(host, file),
        deadline=30.0,
        expected=1.0,
        proof=15.0,
    )


def _in_force(host: str, file: ConfigFile) -> Check:
    def judge(answer: Answer) -> Verdict:
        there = mark_of(file) in answer.text
        return Verdict(there, "in force, and it came through" if there else "there are other rules, or none")

    command = Command(Client.SSH, host, f"{_LOADED}; true", session=NEW_LOGIN)
    return Check(f"a new login to {host} comes through its rules", command, reading(judge), 12.0)


def _gone(host: str, file: ConfigFile) -> Check:
    def judge(answer: Answer) -> Verdict:
        there = mark_of(file) in answer.text
        return Verdict(not there, "still in force" if there else "gone")

    return asked(host, f"the new rules of {host} are gone", f"{_LOADED}; true", judge)


def _boots_as_before(host: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        before, *now = answer.text.split() or [""]
        return Verdict([before] == now, f"nftables was {before}, and is {' '.join(now)}")

    return asked(
        host, f"nftables of {host} starts at a boot as before", f"cat {BOOTED}; {_ENABLED}; true", judge
    )


def kept(host: str, file: ConfigFile) -> Step:
    """They stay, after a boot, too."""

    def judge(answer: Answer) -> Verdict:
        timer, boots, *_ = (*answer.text.splitlines(), "", "")
        if mark_of(file) not in answer.text:
            return Verdict(False, "they were taken back")
        wrong = ["they are taken back soon"] if timer == "active" else []
        wrong += ["they do not outlive a boot"] if boots != "enabled" else []
        return Verdict(not wrong, one_line(" and ".join(wrong), limit=120) or "they stay")

    text = f"{_PENDING}; {_ENABLED}; {_LOADED}; true"
    goal = asked(host, f"{host} keeps its rules", text, judge)
    return Step(
        f"{host} keeps its rules, after a boot too",
        (Act(on(host, f"systemctl -q enable nftables && {{ {_STOP}; true; }}", Danger.REVERSIBLE), done),),
        goal=goal,
        requires=(_in_force(host, file),),
        undo=(
            Act(
                on(
                    host, f"[ $(cat {BOOTED}) = enabled ] || systemctl -q disable nftables", Danger.REVERSIBLE
                ),
                done,
            ),
        ),
        undone=_boots_as_before(host),
        deadline=20.0,
        expected=0.5,
    )
