"""Whether one host reaches another: in whole frames, and how soon.

ping(8) of iputils with `-M do`: nothing on the way may cut a frame up (RFC 791, "Don't Fragment"). A path
that loses whole frames lets logins through, and stands still at the first large write.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Client, Command
from saitotui.model.plan import Check, Verdict
from saitotui.model.text import one_line
from saitotui.runbooks.judging import reading

FAR, TOO_FAR = 2.0, 5.0
"""Milliseconds there and back: not good where each write or token waits for it, and too much."""
ETHERNET = 1472
"""Octets that ping sends in a frame of 1500 (RFC 791, RFC 792)."""
COUNT = 5
DEADLINE = 8.0
"""Seconds for the questions to one address: each of its answers is waited for one second."""
_TIMES = re.compile(r"^rtt min/avg/max/mdev = [\d.]+/([\d.]+)/", re.MULTILINE)
_LOSS = re.compile(r"(\d+)% packet loss")


def reaches(host: str, name: str, other: str, addresses: Sequence[str], limit: float = 0.0) -> Check:
    """Whether whole frames pass from `host`, called `name`, to every address of `other`; with `limit`, there
    and back in less than so many milliseconds."""

    def judge(answer: Answer) -> Verdict:
        times = _times(answer, len(addresses))
        if isinstance(times, str):
            return Verdict(False, times)
        return Verdict(not limit or max(times) < limit, _told(times))

    every = " ".join(map(shell, addresses))
    text = f"for a in {every}; do ping -M do -s {ETHERNET} -c {COUNT} -i 0.2 -W 1 -q $a; done; true"
    soon = f"in less than {limit:g} ms" if limit else "in whole frames"
    where = "over every link" if len(addresses) > 1 else f"at {addresses[0]}"
    return Check(
        f"{name} reaches {other} {where}, {soon}",
        Command(Client.SSH, host, text),
        reading(judge),
        DEADLINE * len(addresses),
        pause=1.0,
    )


def _times(answer: Answer, links: int) -> list[float] | str:
    """Milliseconds over each link; or what is wrong."""
    losses = [int(one) for one in _LOSS.findall(answer.text)]
    if len(losses) != links:
        return f"ping does not say: {one_line(answer.text, limit=120)}"
    lost = [f"link {number} loses {one}%" for number, one in enumerate(losses) if one]
    if lost:
        return f"{', '.join(lost)} of whole frames of 1500 octets: look at its cable, its address and its MTU"
    times = [float(one) for one in _TIMES.findall(answer.text)]
    return times if len(times) == links else f"ping tells no times: {one_line(answer.text, limit=120)}"


def _told(times: Sequence[float]) -> str:
    return ", ".join(f"link {number}: {one:g} ms" for number, one in enumerate(times))
