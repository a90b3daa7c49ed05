"""`/proc/drbd` of the kernel module 8.4 (user's guide, "Status information in /proc/drbd"); that of DRBD 9
holds the version only."""

from __future__ import annotations

import re

from saitotui.facts.drbd import CONNECTED, CONNECTING, ESTABLISHED, View
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_VERSION = re.compile(r"^version: (?P<version>[\w.-]{1,40})")
_DEVICE = re.compile(
    r"^ {0,8}(?P<minor>\d{1,7}): cs:(?P<cs>\w{1,30})(?: ro:(?P<role>\w{1,20})/(?P<peer_role>\w{1,20})"
    r" ds:(?P<disk>\w{1,20})/(?P<peer_disk>\w{1,20}))?(?: {1,4}[ABC]?)? {1,4}(?P<flags>[a-z-]{6,10})?"
)
_OOS = re.compile(r"\boos:(?P<kib>\d{1,18})")
_DONE = re.compile(r"(?:sync'ed|verified): {0,4}(?P<percent>\d{1,3}(?:\.\d{1,3})?)% ")
_FINISH = re.compile(
    r"finish: (?P<hours>\d{1,7}):(?P<minutes>\d{2}):(?P<seconds>\d{2}) speed: (?P<speed>[\d,]{1,20}) "
)
_LINKS = {
    "StandAlone", "Disconnecting", "Unconnected", "Timeout", "BrokenPipe", "NetworkFailure", "ProtocolError",
    "TearDown",
}  # fmt: skip
"""Connection states of 8.4 in which there is no connection; the rest say what a connection does."""
_WAITS = {"WFConnection", "WFReportParams"}
_PAUSES = {1: "dependency", 2: "peer", 3: "user"}
"""Flags that hold a resync up, by their place."""


def proc(answer: Answer, minor: int | None) -> View:
    """What `/proc/drbd` says of the device `minor` (None: of the only one)."""
    text = clean(answer.text)
    if answer.status and "No such file" in text:
        return View(loaded=False, known=False)
    version = next(
        (found["version"] for line in text.splitlines()[:5] if (found := _VERSION.match(line))), ""
    )
    if not version:
        raise Unparsable(f"this is not /proc/drbd: {one_line(answer.text, limit=80)!r}")
    if not version.startswith("8."):
        return View(version=version)
    blocks = _blocks(text)
    number = minor if minor is not None or len(blocks) != 1 else next(iter(blocks))
    lines = blocks.get(-1 if number is None else number)
    first = _DEVICE.match(lines[0]) if lines else None
    if lines is None or first is None or first["role"] is None:
        return View(known=False, version=version)
    return _view(version, first, "\n".join(lines[1:]))


def _blocks(text: str) -> dict[int, list[str]]:
    """The lines of each device, by minor number."""
    blocks: dict[int, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines()[:2000]:
        if found := _DEVICE.match(line):
            current = blocks.setdefault(int(found["minor"]), [])
        current.append(line[:500])
    return blocks


def _view(version: str, first: re.Match[str], rest: str) -> View:
    state, flags = first["cs"], first["flags"] or ""
    oos, done, finish = _OOS.search(rest), _DONE.search(rest), _FINISH.search(rest)
    return View(
        version=version,
        role=first["role"],
        peer_role=first["peer_role"],
        disk=first["disk"],
        peer_disk=first["peer_disk"],
        connection=CONNECTING if state in _WAITS else state if state in _LINKS else CONNECTED,
        replication=("Off" if state in _WAITS | _LINKS else ESTABLISHED if state == CONNECTED else state),
        out_of_sync=int(oos["kib"]) if oos else 0,
        percent=float(done["percent"]) if done else None,
        finish=_seconds(finish) if finish else None,
        speed=int(finish["speed"].replace(",", "") or 0) if finish else None,
        paused=tuple(why for place, why in _PAUSES.items() if flags[place : place + 1] not in ("-", "")),
        suspended=flags.startswith("s"),
    )


def _seconds(found: re.Match[str]) -> float:
    return int(found["hours"]) * 3600.0 + int(found["minutes"]) * 60 + int(found["seconds"])
