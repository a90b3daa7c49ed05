"""nginx's own counters (ngx_http_stub_status_module)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_STUB = re.compile(
    r"Active connections: (\d{1,12}) ?\n"
    r"server accepts handled requests\n"
    r" ?(\d{1,18}) (\d{1,18}) (\d{1,18}) ?\n"
    r"Reading: (\d{1,12}) Writing: (\d{1,12}) Waiting: (\d{1,12}) ?\n?"
)


@dataclass(frozen=True, slots=True)
class StubStatus:
    """Connections now, and counters since nginx started. `handled` falls behind `accepts` when a limit
    (worker_connections) made it drop connections."""

    active: int
    accepts: int
    handled: int
    requests: int
    reading: int
    writing: int
    waiting: int

    @property
    def dropped(self) -> int:
        return max(0, self.accepts - self.handled)


def stub_status(answer: Answer) -> StubStatus:
    """Reads the stub_status page."""
    if answer.status != 200:
        raise Unparsable(f"the status page answers with HTTP {answer.status}")
    found = _STUB.fullmatch(clean(answer.text))
    if found is None:
        raise Unparsable(f"this is not a stub_status page: {one_line(answer.text, limit=60)!r}")
    return StubStatus(*(int(number) for number in found.groups()))
