"""The end of nginx's access log: who answered, with what status, how fast.

Reads the formats of the trade: time as `$msec` in front or `[$time_local]`, `"$request"` with `$status`
beside it, then upstream fields as `name=value` in any order: `up=`, `upstream=` or `ua=` ($upstream_addr),
`us=` ($upstream_status), `rt=` ($request_time). Several tries of one request are separated by commas or
colons (nginx: ngx_http_upstream_module, "Embedded Variables").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

TAIL_BYTES = 40_000
"""How much of the log is read: about 300 requests. Not in lines, since visitors choose how long those are."""
MOST_LINE = 10_000
"""Characters; nginx takes request lines of 8 KiB."""

_MSEC = re.compile(r"^(\d{9,11}\.\d{3})(?=\s)")
_LOCAL = re.compile(r"\[(\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\]")
_REQUEST = re.compile(
    r'(?:(?<=\s)(?P<before>\d{3}) )?"(?P<request>[^"]{0,8192})"(?: (?P<after>\d{3})(?=\s|$))?'
)
_FIELD = re.compile(r'\b([a-z_]{2,24})=("[^"]*"|[^"=]*?)(?=\s{1,4}[a-z_]{2,24}=|\s{0,4}$)')
_SPLIT = re.compile(r", | : ")
_UP, _STATUS, _TIME = (
    ("up", "upstream", "ua", "upstream_addr"),
    ("us", "upstream_status"),
    ("rt", "request_time"),
)


@dataclass(frozen=True, slots=True)
class Try:
    """An upstream that was asked; `status` 0 when it gave none."""

    address: str
    status: int

    @property
    def failed(self) -> bool:
        """Whether it answered with a server error, or not at all."""
        return self.status >= 500 or not self.status


@dataclass(frozen=True, slots=True)
class Request:
    """One line. `at` is UTC seconds; `seconds` None and `tries` empty where the format has no such fields or
    nginx answered by itself. `path` has no query string: those hold tokens."""

    at: float
    status: int
    path: str
    tries: tuple[Try, ...] = ()
    seconds: float | None = None


@dataclass(frozen=True, slots=True)
class AccessLog:
    """The end of a log, in its order; `now` is what the host's own clock says (UTC seconds)."""

    now: float
    requests: tuple[Request, ...]

    def recent(self, seconds: float) -> tuple[Request, ...]:
        """Requests of the last `seconds`, by the clock that dated them."""
        return tuple(request for request in self.requests if request.at >= self.now - seconds)


def host_of(address: str) -> str:
    """The host of an upstream's address (`10.0.0.1:8080`)."""
    return address.rpartition(":")[0].strip("[]")


def ask_log(path: str, size: int = TAIL_BYTES) -> str:
    """The shell command that reads the host's clock and the last `size` bytes of the log `path`."""
    return f"date +%s; tail -c {size} -- {shell(path)}"


def access_log(answer: Answer, size: int = TAIL_BYTES) -> AccessLog:
    """Reads what `ask_log` printed. The first line of the log may be cut off and other lines may be of
    another format: those are left out. Unparsable when the log cannot be read, or no line makes sense."""
    clock, _, text = clean(answer.text, limit=4 * size).partition("\n")
    if not re.fullmatch(r"\d{1,12}", clock):
        raise Unparsable(f"the host does not say what time it is: {one_line(clock, limit=80)!r}")
    if answer.status != 0:
        raise Unparsable(f"the access log cannot be read: {one_line(text, limit=120)}")
    lines = [line for line in text.splitlines() if line.strip()]
    found = tuple(found_one for line in lines if (found_one := request(line)) is not None)
    if len(lines) > 1 and not found:
        raise Unparsable(f"no line of the access log can be read: {one_line(lines[-1], limit=80)!r}")
    return AccessLog(float(clock), found)


def request(line: str) -> Request | None:
    """Reads one line; None when it is of another format."""
    if len(line) > MOST_LINE:
        return None
    at, found = _at(line), _REQUEST.search(line)
    if at is None or found is None:
        return None
    status = found["before"] or found["after"]
    if status is None:
        return None
    words = found["request"].split(" ")
    path = words[1].partition("?")[0] if len(words) > 1 else ""
    fields = {field[1]: field[2].strip('"') for field in _FIELD.finditer(line, found.end())}
    return Request(at, int(status), path[:200], _tries(fields), _seconds(_first(fields, _TIME)))


def _at(line: str) -> float | None:
    if (msec := _MSEC.match(line)) is not None:
        return float(msec[1])
    if (local := _LOCAL.search(line)) is not None:
        try:
            return datetime.strptime(local[1], "%d/%b/%Y:%H:%M:%S %z").timestamp()
        except ValueError:
            return None
    return None


def _tries(fields: dict[str, str]) -> tuple[Try, ...]:
    addresses = [one.strip() for one in _SPLIT.split(_first(fields, _UP)) if one.strip() not in ("", "-")]
    statuses = [one.strip() for one in _SPLIT.split(_first(fields, _STATUS))]
    statuses += [""] * (len(addresses) - len(statuses))
    return tuple(
        Try(address[:100], int(status) if re.fullmatch(r"\d{3}", status) else 0)
        for address, status in zip(addresses[:20], statuses, strict=False)
    )


def _first(fields: dict[str, str], names: tuple[str, ...]) -> str:
    return next((fields[name] for name in names if name in fields), "")


def _seconds(text: str) -> float | None:
    return float(text) if re.fullmatch(r"\d{1,6}\.\d{3}", text) else None
