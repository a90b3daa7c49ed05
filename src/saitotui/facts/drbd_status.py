"""`drbdsetup status`: the text of `--verbose --statistics` (8.4 and 9) and `--json` (9).

A resource may have several volumes and, with DRBD 9, several peers: the view is that of the worst volume
towards the first peer that stores data, and what is out of sync is summed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from saitotui.facts.drbd import BUSY, STANDALONE, View
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

Words = Mapping[str, str]

_HUNG = {BUSY, 124, 137}
"""Exit statuses: flock gave up, timeout(1) ended it, timeout(1) killed it."""
_NO_RESOURCE = ("No such resource", "unknown resource", "No currently configured DRBD")
_WORD = re.compile(r"([a-z-]{1,30}):(\S{1,60})")
_DISKS = (
    "UpToDate", "Consistent", "Negotiating", "DUnknown", "Outdated", "Inconsistent", "Detaching", "Attaching",
    "Failed", "Diskless",
)  # fmt: skip
"""States of a disk, from best to worst."""


def status(answer: Answer, resource: str, minor: int | None) -> View:
    """What `drbdsetup` says of `resource`; `minor` picks the volume, None means all."""
    text = clean(answer.text)
    if answer.status in _HUNG:
        return View(hung=True)
    if answer.status and "/proc/drbd" in text:
        return View(loaded=False, known=False)
    if any(words in text for words in _NO_RESOURCE):
        return View(known=False)
    if text.lstrip().startswith("["):
        return _from_json(text, resource, minor)
    if not text.strip() and not answer.status:
        return View(known=False)
    return _from_text(text, resource, minor)


def _from_text(text: str, resource: str, minor: int | None) -> View:
    """Indented lines: the resource, its volumes (2), its connections (2), their volumes (4); what follows is
    folded under them, deeper."""
    heads = [line.split() for line in text.splitlines() if line and not line[0].isspace()]
    if not any(len(head) > 1 and head[0] == resource and head[1].startswith("role:") for head in heads):
        raise Unparsable(f"drbdsetup does not speak of {resource}: {one_line(text, limit=120)!r}")
    top: dict[str, str] = {}
    volumes: list[dict[str, str]] = []
    peers: list[tuple[dict[str, str], list[dict[str, str]]]] = []
    inside, current = False, top
    for line in text.splitlines()[:500]:
        depth, words = len(line) - len(line.lstrip()), dict(_WORD.findall(line[:500]))
        if depth == 0 and line:
            inside, current = line.split()[0] == resource, top
        if not inside:
            continue
        if depth == 2 and "volume" in words:
            volumes.append(current := {})
        elif depth == 2 and words:
            peers.append((current := {}, []))
        elif depth == 4 and "volume" in words and peers:
            peers[-1][1].append(current := {})
        current.update(words)
    return _view(top, volumes, peers, minor)


def _from_json(text: str, resource: str, minor: int | None) -> View:
    try:
        resources = json.loads(text)
    except (ValueError, RecursionError):
        raise Unparsable(f"drbdsetup's answer is not JSON: {one_line(text, limit=80)!r}") from None
    found = next((r for r in resources if isinstance(r, dict) and r.get("name") == resource), None)
    if found is None:
        return View(known=False)
    volumes = [_words(device) for device in found.get("devices", [])]
    peers = [
        (_words(peer), [_words(device) for device in peer.get("peer_devices", [])])
        for peer in found.get("connections", [])
    ]
    return _view(_words(found), volumes, peers, minor)


_NAMES = {
    "disk-state": "disk", "connection-state": "connection", "peer-role": "role",
    "replication-state": "replication", "peer-disk-state": "peer-disk", "done": "done",
    "percent-in-sync": "in-sync",
}  # fmt: skip
"""Names of JSON members that the text has otherwise."""


def _words(value: Any) -> dict[str, str]:
    """The plain members of a JSON object as the text would have them."""
    if not isinstance(value, dict):
        raise Unparsable("drbdsetup's JSON has another shape than that of DRBD 9")
    found: dict[str, str] = {}
    for member_name, member in value.items():
        name = str(member_name)
        if isinstance(member, bool):
            found[_NAMES.get(name, name)] = "yes" if member else "no"
        elif isinstance(member, str | int | float):
            found[_NAMES.get(name, name)] = one_line(str(member), limit=60)
    return found


def _view(
    top: Words,
    volumes: Sequence[Words],
    peers: Sequence[tuple[Words, Sequence[Words]]],
    minor: int | None,
) -> View:
    mine = [volume for volume in volumes if minor is None or volume.get("minor") == str(minor)] or volumes
    numbers = {volume.get("volume") for volume in mine}
    storing = [one for one in peers if any(device.get("peer-client") != "yes" for device in one[1])] or peers
    peer, devices = storing[0] if storing else ({}, ())
    theirs = [device for device in devices if device.get("volume") in numbers] or devices
    replications = [device.get("replication", "") for device in theirs]
    replication = next((r for r in replications if r not in ("Established", "Off", "")), None)
    return View(
        role=top.get("role", ""),
        disk=_worst(volume.get("disk", "") for volume in mine),
        # The text leaves the connection out while it is StandAlone.
        connection=peer.get("connection", STANDALONE),
        replication=replication or next(iter(replications), "Off"),
        peer_role=peer.get("role", "Unknown"),
        peer_disk=_worst(device.get("peer-disk", "") for device in theirs) or "DUnknown",
        out_of_sync=sum(_whole(device.get("out-of-sync")) for device in theirs),
        size=sum(_whole(volume.get("size")) for volume in mine),
        percent=_percent(theirs) if replication else None,
        paused=_paused(theirs),
        suspended=top.get("suspended", "no") not in ("no", ""),
        quorum=all(volume.get("quorum", "yes") == "yes" for volume in mine),
    )


def _worst(states: Iterable[str]) -> str:
    return max((state for state in states if state), key=_rank, default="")


def _rank(state: str) -> int:
    return _DISKS.index(state) if state in _DISKS else len(_DISKS)


def _percent(devices: Iterable[Words]) -> float | None:
    """The least that is done of any volume."""
    found = []
    for device in devices:
        text = device.get("done") or device.get("in-sync") or ""
        if re.fullmatch(r"\d{1,3}(\.\d{1,10})?", text):
            found.append(float(text))
    return min(found, default=None)


def _paused(devices: Iterable[Words]) -> tuple[str, ...]:
    found = {why for device in devices for why in device.get("resync-suspended", "no").split(",")}
    return tuple(sorted(found - {"no", ""}))


def _whole(text: str | None) -> int:
    return int(text) if text and re.fullmatch(r"\d{1,18}", text) else 0
