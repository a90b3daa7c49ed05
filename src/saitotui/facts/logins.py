"""Who logged in to a host lately, and when it was started: last(1), which reads wtmp(5) (or wtmpdb).

sshd writes there for logins with a terminal only: what programs do over SSH, this console too, is not among
them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

MOST = 40
LOGINS = (
    "command -v last >/dev/null || { echo 'no last'; exit 0; }; "
    f"LC_ALL=C last -w -n {MOST} --time-format iso 2>&1; true"
)
"""What a host without the program, or without a log of logins, prints is known: it keeps none."""

_TIME = r"(?P<at>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d)"
_BOOT = re.compile(rf"^reboot +system boot +(?P<kernel>\S{{1,80}}) +{_TIME}")
_LOGIN = re.compile(rf"^(?P<user>\S{{1,64}}) +(?P<line>\S{{1,40}}) +(?:(?P<origin>\S{{1,255}}) +)?{_TIME}")
_NONE = re.compile(r"^(?:no last$|last: cannot open |\S{0,100}wtmp\S{0,20} begins )", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Login:
    """`at` is UTC seconds by the host's clock. `origin` is '' for a login at the machine itself; a start of
    the machine has no `user`, and its kernel as `line`."""

    at: float
    user: str
    line: str
    origin: str = ""


def logins(answer: Answer) -> tuple[Login, ...]:
    """Reads the output of `LOGINS`, newest first."""
    text = clean(answer.text)
    found = []
    for line in text.splitlines()[: MOST + 20]:
        if boot := _BOOT.match(line):
            found.append(Login(_seconds(boot["at"]), "", one_line(boot["kernel"])))
        elif (login := _LOGIN.match(line)) and not _NONE.match(line):
            origin = one_line(login["origin"] or "").removeprefix("0.0.0.0")
            found.append(Login(_seconds(login["at"]), one_line(login["user"]), login["line"], origin))
    if not found and not _NONE.search(text):
        raise Unparsable(f"last does not say who logged in (it said {one_line(text, limit=80)!r})")
    return tuple(found[:MOST])


def _seconds(text: str) -> float:
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise Unparsable(f"{text!r} is no time") from error
