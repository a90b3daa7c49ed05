"""What the kernel last said about DRBD (`dmesg`), dated by its seconds since boot."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

LOG = 'read -r up idle </proc/uptime; echo "uptime $up"; dmesg 2>/dev/null | grep -F drbd | tail -n 60'
"""The kernel's last words about DRBD, with the seconds since boot that date them."""

_UPTIME = re.compile(r"^uptime (\d{1,12}(?:\.\d{1,6})?)$")
_LINE = re.compile(
    r"^\[ {0,12}(?P<at>\d{1,10}\.\d{1,9})\] (?:block |drbd )?(?P<who>[\w./ -]{1,60}?): (?P<said>.{1,400})$"
)
_CHANGE = re.compile(
    r"\b(?P<what>role|peer|conn|disk|pdsk|connection|repl|peer-role)"
    r"\( (?P<old>\w{1,20}) -> (?P<new>\w{1,20}) \)"
)
_LOST = re.compile(r"\b(?:conn|connection)\( (?:Connected|Sync\w{6}|Verify\w) -> ")
_SPLIT = "Split-Brain detected"
_RESOLVED = ("Split-Brain detected, manually solved", "Split-Brain detected, automatically solved")
_TOLD = (
    "Began resync as", "Resync done", "Online verify", "Split-Brain detected", "I/O error", "Local IO failed",
    "Began Online Verify", "meta-data IO", "PingAck did not arrive",
)  # fmt: skip
_WORDS = {
    "role": "role", "peer": "the peer's role", "peer-role": "the peer's role", "conn": "connection",
    "connection": "connection", "repl": "replication", "disk": "disk", "pdsk": "the peer's disk",
}  # fmt: skip
_PASSING = {
    "WFReportParams", "Unconnected", "Disconnecting", "NetworkFailure", "TearDown", "BrokenPipe", "WFBitMapS",
    "WFBitMapT", "WFSyncUUID", "StartingSyncS", "StartingSyncT", "Consistent", "Negotiating", "Attaching",
    "Timeout",
}  # fmt: skip
"""States that a resource only passes through: no event is made of them."""
MOST = 40


@dataclass(frozen=True, slots=True)
class Entry:
    """`age` in seconds, when the log was read."""

    age: float
    said: str


@dataclass(frozen=True, slots=True)
class KernelLog:
    """What happened, newest last. `split_brain` is the age of the last refusal to connect for a split brain
    that no connection has followed, `lost` that of the last loss of one; None when there is none."""

    entries: tuple[Entry, ...] = ()
    split_brain: float | None = None
    lost: float | None = None


def kernel_log(answer: Answer) -> KernelLog:
    """Reads the output of `LOG`."""
    lines = clean(answer.text).splitlines()[:500]
    started = next((found[1] for line in lines[:3] if (found := _UPTIME.match(line))), None)
    if started is None:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"the host does not say how long it is up (it said {said!r})")
    now, entries, split, lost = float(started), list[Entry](), None, None
    for line in lines:
        found = _LINE.match(line)
        if found is None:
            continue
        age, said = max(0.0, now - float(found["at"])), found["said"]
        if _SPLIT in said and not said.startswith(_RESOLVED):
            split = age
        elif "Began resync" in said or "-> Connected )" in said or said.startswith(_RESOLVED):
            split = None
        if _LOST.search(said):
            lost = age
        if told := _told(said):
            entries.append(Entry(age, told))
    return KernelLog(tuple(entries[-MOST:]), split, lost)


def _told(said: str) -> str:
    """The sentence for a line; `` for one that is not worth it."""
    changes = [found for found in _CHANGE.finditer(said) if found["new"] not in _PASSING]
    if changes:
        return ", ".join(f"{_WORDS[found['what']]} {found['old']} -> {found['new']}" for found in changes)
    return one_line(said) if any(words in said for words in _TOLD) else ""
