"""nginx in front of the Tomcats: that it is sound, that it read its configuration, whom it leads users to."""

from __future__ import annotations

import re

from saitotui.clients.quoting import shell
from saitotui.facts import nginx, nginx_workers
from saitotui.model.command import Answer, Client, Command, Danger
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.model.profile import Nginx
from saitotui.model.text import one_line
from saitotui.runbooks.judging import reading, value_name

PLAIN = re.compile(r"[A-Za-z0-9.:_-]{1,100}")
"""Addresses that mean themselves in a regular expression, but for their dots."""


def on(node: Nginx, text: str, danger: Danger = Danger.READ) -> Command:
    return Command(Client.SSH, node.host, text, danger=danger)


def sound(name: str, node: Nginx) -> Check:
    """nginx(8): `-t` tests the configuration, and opens the files that it names."""

    def judge(answer: Answer) -> Verdict:
        said = [line for line in answer.text.strip().splitlines() if "[" in line] or ["no word of it"]
        if answer.status == 0:
            return Verdict(True, "the test is successful")
        return Verdict(None if answer.status == 127 else False, one_line(said[0], limit=200))

    command = on(node, f"nginx -t -c {shell(node.config)} 2>&1")
    return Check(f"the configuration of {name} is sound", command, reading(judge), deadline=10.0)


def answers(name: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        return Verdict(True, f"{nginx.stub_status(answer).active} connections")

    return Check(f"nginx on {name} answers", Command(Client.HTTP, name, "GET"), reading(judge))


def reload(name: str, node: Nginx, no_undo: str, what: str = "") -> tuple[Step, ...]:
    """The configuration is read, proven by that nobody who served before serves after. `what` tells apart
    several of them in one run."""
    value = value_name("workers", f"{what}_{name}" if what else name)
    before = Capture(value, _serving)
    return (
        Step(f"read who serves on {name}", (Act(on(node, nginx_workers.ASK), capture=before),), expected=0.1),
        Step(
            f"nginx on {name} reads its configuration again",
            (Act(on(node, f"systemctl reload {shell(node.unit)}", Danger.REVERSIBLE)),),
            goal=_others_serve(name, node, value),
            requires=(sound(name, node),),
            no_undo=no_undo,
            expected=0.5,
        ),
        Step(f"nginx on {name} answers", (), goal=answers(name), expected=0.05),
    )


def _serving(answer: Answer) -> str:
    return shell(",".join(map(str, nginx_workers.workers(answer).serving)))


def _others_serve(name: str, node: Nginx, before: str) -> Check:
    """Whether nobody who served when the run began still does."""

    def judge(answer: Answer) -> Verdict:
        old = {int(pid) for pid in answer.against.split(",") if pid.strip()}
        found = nginx_workers.workers(answer)
        stay = old & set(found.serving)
        said = f"{len(set(found.serving) - old)} new workers serve, {len(found.leaving)} old ones are leaving"
        return Verdict(bool(found.serving) and not stay, f"{len(stay)} old workers serve" if stay else said)

    command = on(node, nginx_workers.ASK)
    return Check(f"new workers serve on {name}", command, reading(judge), against=before)


def leads(name: str, node: Nginx, tomcat: str, address: str, *, out: bool) -> Check:
    """Whether the file of `name` leads users to a Tomcat, or (`out`) does not any more."""

    def judge(answer: Answer) -> Verdict:
        found = [line for line in answer.text.splitlines() if line.strip()]
        if answer.status > 1:
            return Verdict(None, one_line(answer.text) or f"{node.upstreams} cannot be read")
        down = sum(line.rstrip().endswith(" down;") for line in found)
        if not found:
            return Verdict(None, f"{node.upstreams} does not name {address}: set upstreams, or upstream")
        return Verdict(down == (len(found) if out else 0), f"down in {down} of {len(found)} lines")

    text = f"grep -oE {shell(_server(address) + ';')} {shell(node.upstreams)}"
    word = "leads nobody" if out else "leads users"
    return Check(f"the file of {name} {word} to {tomcat}", on(node, text), reading(judge))


def mark(name: str, node: Nginx, tomcat: str, address: str, *, out: bool) -> Step:
    """Marks a Tomcat `down` in the file of `name` (ngx_http_upstream_module, "server"), or takes that away.
    It is written beside it, and takes its place whole. Undone, nginx reads it again, too."""
    act, back = (_edit(node, address, out=one) for one in (out, not out))
    word = "nobody" if out else "users"
    return Step(
        f"the file of {name} leads {word} to {tomcat}",
        (Act(act),),
        goal=leads(name, node, tomcat, address, out=out),
        undo=(Act(back), Act(on(node, f"systemctl reload {shell(node.unit)}", Danger.REVERSIBLE))),
        undone=leads(name, node, tomcat, address, out=not out),
        expected=0.2,
    )


def _server(address: str) -> str:
    """A `server` of an upstream, up to its semicolon (POSIX extended regular expression)."""
    if not PLAIN.fullmatch(address):
        raise ValueError(f"{address!r} cannot be looked for in nginx's configuration")
    return f"server[[:space:]]+{address.replace('.', '[.]')}(:[0-9]+)?([[:space:]][^;]*)?"


def _edit(node: Nginx, address: str, *, out: bool) -> Command:
    file, new = shell(node.upstreams), shell(f"{node.upstreams}.saitotui")
    one = _server(address)
    script = f"s/({one});/\\1 down;/g" if out else f"s/({one}) down;/\\1;/g"
    text = f"cp -p -- {file} {new} && sed -E {shell(script)} {file} > {new} && mv -f -- {new} {file}"
    return on(node, text, Danger.REVERSIBLE)
