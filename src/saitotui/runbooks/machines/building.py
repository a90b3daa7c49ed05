"""The steps by which a host gets its name, knows the others', and has the right time."""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.clients.quoting import shell
from saitotui.configs import ConfigFile, difference, shown
from saitotui.facts.chrony import read_tracking
from saitotui.model.command import Answer, Danger, Unparsable
from saitotui.model.plan import Act, Check, Grade, Precondition, Step, Verdict
from saitotui.model.text import one_line
from saitotui.runbooks import files
from saitotui.runbooks.hosts import NAMED, asked, done, named, on
from saitotui.runbooks.judging import reading

CHRONY = "chrony"
OFF = 0.05
"""Seconds by which a clock may be off."""
FOUND = 60.0
"""Seconds that chronyd may take to choose a server (`iburst`: some of them)."""


def called(host: str, name: str, file: ConfigFile) -> Step:
    """The host has its name, now and after a boot."""
    takes = "{ [ ! -e /etc/hostname ] || hostname -F /etc/hostname; }"
    return Step(
        f"{host} is called {name}",
        (
            Act(
                on(host, f"{files.replaced(file)} && {takes}", Danger.REVERSIBLE, file.text),
                done,
            ),
        ),
        goal=_called(host, name, file),
        undo=(Act(on(host, f"{files.back(file.path)} && {takes}", Danger.REVERSIBLE), done),),
        undone=_called_by_file(host),
        deadline=20.0,
        expected=0.3,
    )


def _called(host: str, name: str, file: ConfigFile) -> Check:
    def judge(answer: Answer) -> Verdict:
        now, _, there = answer.text.partition("\n")
        wrong = [] if now.strip() == name else [f"it is called {one_line(now, limit=80)}"]
        wrong += ["after a boot: none"] if answer.status else difference(there, file)
        return Verdict(not wrong, "; ".join(wrong) or "now, and after a boot")

    return asked(host, f"{host} is called {name}, and stays so", f"uname -n; {shown(file)}", judge)


def _called_by_file(host: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        names = set(answer.text.split())
        return Verdict(len(names) == 1, one_line(", ".join(sorted(names)), limit=80))

    return asked(host, f"{host} has the name that its file has again", NAMED, judge)


def renamed(host: str, name: str) -> Precondition:
    """Another name is told, and to be accepted."""
    why = "it is renamed; what runs there may know it by the old name"
    return Precondition(named(host, name), why, Grade.AMBER)


def timed(host: str, file: ConfigFile) -> Step:
    """chronyd has its file and has read it, and starts at a boot."""
    unit = CHRONY
    began = f"systemctl show -P ExecMainStartTimestamp --timestamp=us {unit}"
    text = (
        f"systemctl is-active {unit}; systemctl is-enabled {unit}; "
        f'find {shell(file.path)} -newermt "$({began})" 2>&1; echo; {shown(file)}'
    )

    def judge(answer: Answer) -> Verdict:
        told, _, there = answer.text.partition("\n\n")
        state, *lines = told.splitlines() or [""]
        if state != "active" or lines[:1] != ["enabled"]:
            return Verdict(False, one_line(" and ".join([state, *lines[:1]]), limit=120))
        if answer.status or difference(there, file):
            return Verdict(False, "its file is another one, or none")
        return Verdict(not lines[1:], "it has not read its file" if lines[1:] else "it has read it")

    restart = Act(
        on(host, f"systemctl -q enable {unit} && systemctl restart {unit}", Danger.REVERSIBLE), done
    )
    return Step(
        f"chronyd on {host} runs by {file.path}",
        (Act(on(host, files.replaced(file), Danger.REVERSIBLE, file.text), files.taken), restart),
        goal=asked(
            host, f"chronyd on {host} runs as the profile wants it, and starts at a boot", text, judge, 8.0
        ),
        undo=(Act(on(host, files.back(file.path), Danger.REVERSIBLE), done), restart),
        undone=files.other(host, file),
        deadline=40.0,
        expected=1.3,
    )


def on_time(host: str) -> Step:
    """Its clock follows a server."""

    def judge(answer: Answer) -> Verdict:
        try:
            found = read_tracking(answer.text)
        except Unparsable as error:
            return Verdict(None, str(error))
        if not found.synchronised:
            return Verdict(False, "it follows no server yet")
        said = f"{1000 * found.offset:+.1f} ms from {found.source}"
        return Verdict(abs(found.offset) <= OFF, said)

    sentence = f"the clock of {host} follows a server, to {1000 * OFF:g} ms"
    return Step(
        f"{host} is on time",
        (),
        parks=True,
        goal=asked(host, sentence, "chronyc -n -c tracking", judge),
        deadline=FOUND,
        expected=8.0,
    )


def finds(host: str, names: Mapping[str, str]) -> Step:
    """It knows the others' addresses, and they answer it."""
    ask = " ".join(map(shell, names))
    pinged = " ".join(map(shell, names.values()))
    text = (
        f"for n in {ask}; do echo $n $(getent ahostsv4 $n | head -n 1); done; "
        f"for a in {pinged}; do ping -q -c 1 -W 2 $a >/dev/null || echo silent $a; done; true"
    )

    def judge(answer: Answer) -> Verdict:
        lines = [line.split() for line in answer.text.splitlines()]
        found = {words[0]: words[1] for words in lines if len(words) > 1 and words[0] in names}
        wrong = [
            f"{name} leads to {found.get(name, 'nothing')}"
            for name in names
            if found.get(name) != names[name]
        ]
        wrong += [f"{words[1]} does not answer" for words in lines if words[:1] == ["silent"]]
        return Verdict(not wrong, one_line("; ".join(wrong), limit=200) or "all of them")

    sentence = f"{host} finds every host by its name, and each answers"
    return Step(
        f"{host} finds the others",
        (),
        parks=True,
        goal=Check(sentence, on(host, text), reading(judge), 10.0 + 2.0 * len(names)),
        deadline=30.0 + 2.0 * len(names),
        expected=0.5,
    )
