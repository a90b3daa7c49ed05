"""What HAProxy's runtime API answers (management guide, 9.1 and 9.3)."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable


@dataclass(frozen=True, slots=True)
class ServerStat:
    """One server of a backend. `status` is UP, DOWN, MAINT, DRAIN, NOLB or `no check`, `sessions` are current ones,
    `changed` the seconds since its state changed."""

    backend: str
    name: str
    status: str
    address: str
    sessions: int
    total: int
    backup: bool
    check: str
    """The last check's code (L7OK, L4CON, ...), a `*` before it while one runs."""
    check_text: str
    changed: int
    weight: int

    @property
    def up(self) -> bool:
        return self.status in ("UP", "no check")


def server_stats(answer: Answer) -> tuple[ServerStat, ...]:
    """`show stat`: every server of every backend (frontends and totals left out)."""
    text = answer.text.lstrip()
    if not text.startswith("# pxname,svname,"):
        raise Unparsable("it is not the answer to show stat")
    found = []
    for row in csv.DictReader(text[2:].splitlines()):
        if row["svname"] in ("FRONTEND", "BACKEND", None) or row.get("type") not in ("2", None):
            continue
        found.append(_server(row))
    return tuple(found)


def _server(row: Mapping[str, str | None]) -> ServerStat:
    def number(name: str) -> int:
        value = row.get(name)
        return int(value) if value else 0

    return ServerStat(
        backend=row["pxname"] or "",
        name=row["svname"] or "",
        # "UP 1/3" is up on its way down, "MAINT (via x/y)" follows another
        status=_word(row["status"] or ""),
        address=row.get("addr") or "",
        sessions=number("scur"),
        total=number("stot"),
        backup=row.get("bck") == "1",
        check=row.get("check_status") or "",
        check_text=row.get("last_chk") or row.get("check_desc") or "",
        changed=number("lastchg"),
        weight=number("weight"),
    )


def _word(status: str) -> str:
    return status if status == "no check" else status.partition(" ")[0]


@dataclass(frozen=True, slots=True)
class Info:
    """`show info`: version, seconds up, processes' sessions, whether it is an old worker that stops."""

    version: str
    uptime: int
    pid: int
    sessions: int
    most: int
    stopping: bool


def info(answer: Answer) -> Info:
    """`show info`: lines of `Name: value`."""
    pairs = (line.partition(":") for line in answer.text.splitlines())
    values = {name.strip(): value.strip() for name, colon, value in pairs if colon}
    if "Version" not in values:
        raise Unparsable("it is not the answer to show info")
    return Info(
        version=values["Version"],
        uptime=int(values.get("Uptime_sec", "0")),
        pid=int(values.get("Pid", "0")),
        sessions=int(values.get("CurrConns", "0")),
        most=int(values.get("Maxconn", "0")),
        stopping=values.get("Stopping", "0") == "1",
    )
