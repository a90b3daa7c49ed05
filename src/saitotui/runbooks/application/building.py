"""An application's hosts that are yet to be: what is asked of them, and the steps to a Tomcat cluster behind
nginx. A Tomcat that has an application is never restarted here: `restart-tomcats` does that unnoticed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.configs import ConfigFile
from saitotui.configs.application import Front, Site
from saitotui.facts import tomcat_jmx
from saitotui.facts.tomcat_jmx import CLUSTER
from saitotui.model.command import Answer, Client, Command, Danger, Failure
from saitotui.model.plan import Act, Check, Step, Verdict
from saitotui.model.profile import Application, Nginx, Tomcat
from saitotui.model.text import one_line
from saitotui.runbooks.application import fronts
from saitotui.runbooks.hosts import asked, done, on
from saitotui.runbooks.judging import reading

NGINX = "apt install nginx-light"
PID_FILE, READ = "/run/nginx.pid", "/run/saitotui-nginx.read"
TAKES = 180.0
"""Seconds that a Tomcat may take until its manager answers."""


@dataclass(frozen=True, slots=True)
class Member:
    """A Tomcat to be, and what it reads when it starts."""

    site: Site
    tomcat: Tomcat
    files: tuple[ConfigFile, ...]

    @property
    def name(self) -> str:
        return self.site.name

    @property
    def host(self) -> str:
        return self.site.host


@dataclass(frozen=True, slots=True)
class Gate:
    """An nginx to be, and what it reads."""

    name: str
    node: Nginx
    listens: Front
    file: ConfigFile


def installed(member: Member) -> Check:
    """Whether Tomcat is there as Debian's packages lay it out."""
    unit = member.tomcat.unit
    folders = (f"/usr/share/{unit}", f"/usr/share/{unit}-admin/manager", f"/etc/{unit}/Catalina/localhost")
    text = f"for d in {' '.join(map(shell, folders))}; do [ -d $d ] || echo $d; done; true"

    def judge(answer: Answer) -> Verdict:
        lacking = answer.text.split()
        said = f"not {', '.join(lacking)}: apt install {unit} {unit}-admin"
        return Verdict(not lacking, said if lacking else "all there")

    return asked(member.host, f"{member.name} has {unit} and its manager", text, judge)


def runs(member: Member) -> Step:
    """It has read its files, or has an application and reads them at its next start."""
    tomcat = member.tomcat
    unit = shell(tomcat.unit)
    files = " ".join(shell(file.path) for file in member.files)
    began = f"systemctl show -P ExecMainStartTimestamp --timestamp=us {unit}"
    text = (
        f"systemctl is-active {unit}; systemctl is-enabled {unit}; "
        f'find {files} -newermt "$({began})" 2>&1; ls -1 {shell(tomcat.webapps)}'
    )

    def judge(answer: Answer) -> Verdict:
        state, *lines = answer.text.splitlines() or [""]
        newer = [line for line in lines[1:] if line.startswith("/")]
        kept = [line for line in lines[1:] if line.endswith(".war")]
        if state != "active" or lines[:1] != ["enabled"]:
            return Verdict(False, one_line(" and ".join([state, *lines[:1]]), limit=120))
        if any(line.startswith("find:") for line in lines):
            return Verdict(None, one_line(answer.text, limit=160))
        if newer and kept:
            said = f"it has {', '.join(kept)}, and reads {', '.join(newer)} at its next start"
            return Verdict(True, f"{said}: restart-tomcats")
        return Verdict(not newer, f"it has not read {', '.join(newer)}" if newer else "it has read them")

    return Step(
        f"{member.name} has read its files, and starts at a boot",
        (
            Act(
                on(member.host, f"systemctl -q enable {unit} && systemctl restart {unit}", Danger.DISRUPTIVE),
                done,
            ),
        ),
        goal=asked(member.host, f"{member.name} runs by its files", text, judge, 8.0),
        requires=(_has_none(member),),
        no_undo="its files are put back by the stage before; restart it then",
        deadline=90.0,
        expected=8.0,
    )


def _has_none(member: Member) -> Check:
    def judge(answer: Answer) -> Verdict:
        found = [line for line in answer.text.split() if line.endswith(".war")]
        return Verdict(None if answer.status else not found, ", ".join(found) or "none")

    text = f"ls -1 {shell(member.tomcat.webapps)}"
    return asked(member.host, f"no application is on {member.name}", text, judge)


def joined(member: Member, count: int) -> Step:
    """Its manager lets the console in, and it sees the others: there need not be an application yet."""

    def judge(answer: Answer | Failure) -> Verdict:
        if isinstance(answer, Failure):
            # One that starts takes connections long before it answers.
            return Verdict(False, answer.sentence)
        cluster = tomcat_jmx.cluster(answer)
        well = sum(one.well for one in cluster.others)
        return Verdict(cluster.configured and well >= count - 1, f"it sees {well} of {count - 1}")

    # A connection of its own: the others may remember that the account was not there yet.
    command = Command(Client.HTTP, member.name, CLUSTER, session="made")
    goal = Check(f"{member.name} sees every other Tomcat", command, judge, 5.0, pause=1.0)
    return Step(f"{member.name} is in the cluster", (), goal=goal, deadline=TAKES, expected=5.0)


def leads(gate: Gate) -> Iterator[Step]:
    """nginx serves by its file. It writes its number when it starts; that it has read again is kept in a file
    of this runbook's own."""
    host, unit = gate.node.host, shell(gate.node.unit)
    text = (
        f"systemctl is-active {unit}; systemctl is-enabled {unit}; "
        f"find {PID_FILE} {READ} -newer {shell(gate.file.path)} 2>/dev/null; true"
    )

    def judge(answer: Answer) -> Verdict:
        state, *rest = answer.text.split() or ["no answer"]
        right = state == "active" and rest[:1] == ["enabled"] and len(rest) > 1
        said = " and ".join([state, *rest[:1]])
        return Verdict(right, "it has" if right else f"{said}; it has not read its file since")

    act = f"systemctl -q enable {unit} && systemctl reload-or-restart {unit} && touch {READ}"
    yield Step(
        f"nginx on {gate.name} reads its configuration, and starts at a boot",
        (Act(on(host, act, Danger.REVERSIBLE), done),),
        goal=asked(host, f"nginx on {gate.name} has read its file", text, judge, 8.0),
        requires=(fronts.sound(gate.name, gate.node),),
        no_undo="its file is put back by the stage before; reload it then",
        deadline=30.0,
        expected=2.0,
    )
    yield Step(f"nginx on {gate.name} answers", (), goal=fronts.answers(gate.name), deadline=10.0)


def reached(application: Application) -> Iterator[Step]:
    """Users come through nginx to a Tomcat, which has no application yet, or one that answers."""
    if "front/app" not in application.pages:
        return

    def judge(answer: Answer) -> Verdict:
        # What is not there is told by Tomcat, not by an nginx that knows of no Tomcat.
        by_tomcat = answer.status != 404 or "HTTP Status 404" in answer.text
        right = answer.status < 500 and by_tomcat
        return Verdict(right, f"HTTP {answer.status}{'' if by_tomcat else ' by nginx itself'}")

    goal = Check("a Tomcat answers through nginx", Command(Client.HTTP, "front/app", "GET"), reading(judge))
    yield Step("users come to a Tomcat", (), goal=goal, deadline=15.0)
