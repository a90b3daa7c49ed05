"""What is asked of any host before something is built on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Client, Command, Danger, Failure
from saitotui.model.plan import Check, Verdict
from saitotui.model.text import one_line
from saitotui.runbooks.judging import has, reading

ROOM = 10
"""Percent of a file system that must be free before anything is built on it."""


NAMED = "uname -n; cat /etc/hostname"
"""What prints a host's name as it is now, and as it will be after a boot."""


def on(host: str, text: str, danger: Danger = Danger.READ, body: str = "") -> Command:
    return Command(Client.SSH, host, text, body, danger=danger)


def done(answer: Answer | Failure) -> str:
    """Why a command was not carried out, by its exit status and what it said; '' when it was."""
    if isinstance(answer, Failure):
        return answer.sentence
    said = one_line(answer.text, limit=200) or f"status {answer.status}, and no word why"
    return said if answer.status else ""


def asked(
    host: str, sentence: str, text: str, judge: Callable[[Answer], Verdict], deadline: float = 5.0
) -> Check:
    """A check by what `text` prints on a host."""
    return Check(sentence, on(host, text), reading(judge), deadline)


def rooted(host: str) -> Check:
    def judge(answer: Answer) -> Verdict:
        number = answer.text.strip()
        return Verdict(number == "0", "root" if number == "0" else f"it logs in as number {number}")

    return asked(host, f"this console is root on {host}", "id -u", judge)


def able(host: str, programs: Iterable[str], packages: str, more: str = "") -> Check:
    """Whether the programs are there; `more` is shell that prints what else is lacking."""
    text = (
        f"for p in {' '.join(map(shell, programs))}; do command -v $p >/dev/null || echo $p; done; {more}true"
    )

    def judge(answer: Answer) -> Verdict:
        lacking = answer.text.split()
        return Verdict(not lacking, f"not {', '.join(lacking)}: {packages}" if lacking else "all there")

    return asked(host, f"{host} has the programs", text, judge, 8.0)


def named(host: str, name: str) -> Check:
    """Whether it is called so, now and after a boot (hostname(5))."""

    def judge(answer: Answer) -> Verdict:
        names = answer.text.split()
        return Verdict(names == [name, name], f"it is called {' and '.join(dict.fromkeys(names))}")

    return asked(host, f"{host} is called {name}", NAMED, judge)


def addressed(host: str, addresses: Iterable[str]) -> Check:
    wanted = tuple(dict.fromkeys(addresses))
    return asked(host, f"{host} has {', '.join(wanted)}", "ip -br addr", has(wanted))


def room(host: str, folder: str) -> Check:
    """Whether there is room in `folder` (POSIX df(1), -P)."""

    def judge(answer: Answer) -> Verdict:
        words = answer.text.strip().splitlines()[-1].split()
        if len(words) < 6 or not words[4].rstrip("%").isdigit():
            return Verdict(None, answer.text.strip() or "no answer")
        free = 100 - int(words[4].rstrip("%"))
        return Verdict(free >= ROOM, f"{free}% free at {words[5]}")

    return asked(host, f"{host} has room in {folder}", f"df -P -k -- {shell(folder)}", judge)
