"""A run's folder: what was asked for, what the plan was made of, what happened, how it ended."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from saitotui.engine import store
from saitotui.model.plan import Outcome
from saitotui.model.run import Kind, Result, RunEvent


@dataclass(frozen=True, slots=True)
class Request:
    """What somebody asked for. `digest` is the plan they approved, `accepted` the sentences of the amber
    preflight lines that they took upon themselves, `hands_free` a run that asks nothing at its gates."""

    platform: str
    profile: str
    runbook: str
    parameters: Mapping[str, str]
    digest: str
    who: str
    why: str
    at: float
    accepted: tuple[str, ...] = ()
    hands_free: bool = False
    take_over: str = ""
    """The holder text of a stale lease that this person decided to take over."""
    fresh: bool = field(default=True)
    """Whether the plan must still come out the same when made anew of the platform as it is."""


PATIENCE = 25
"""Attempts at a run's lock before it is called another's."""


class BusyError(Exception):
    """Another process carries the run; the message is a sentence."""


class RunFolder:
    """`state/runs/0042`: files that are written whole, and `events.jsonl` that only grows."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def name(self) -> str:
        return self.path.name

    @property
    def socket(self) -> Path:
        return self.path / "control.sock"

    @property
    def log(self) -> Path:
        return self.path / "runner.log"

    @property
    def request(self) -> Request:
        """Raises ValueError with a sentence when the folder is not that of a run."""
        try:
            value = json.loads((self.path / "request.json").read_text(encoding="utf-8"))
            return Request(**{**value, "accepted": tuple(value["accepted"])})
        except (OSError, ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self.path} is not the folder of a run: {error}") from None

    @property
    def snapshot(self) -> bytes:
        return (self.path / "snapshot.json.gz").read_bytes()

    @property
    def result(self) -> Result | None:
        """How the run ended; None while it has not."""
        try:
            value = json.loads((self.path / "outcome.json").read_text(encoding="utf-8"))
            return Result(Outcome(value["outcome"]), value["sentence"], value["probe"])
        except (OSError, ValueError, KeyError):
            return None

    @result.setter
    def result(self, result: Result) -> None:
        body = {"outcome": result.outcome.value, "sentence": result.sentence, "probe": result.probe}
        store.write(self.path / "outcome.json", json.dumps(body).encode())

    @property
    def pid(self) -> int:
        """The process that carries the run; 0 when none does. A number alone proves nothing: after a reboot
        it is another's."""
        if not self._carried():
            return 0
        try:
            return int((self.path / "pid").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0

    def take(self) -> None:
        """Carries the run, as long as this process lives (flock(2)). Raises BusyError when another does."""
        lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        for _ in range(PATIENCE):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                # Whoever looks holds it, too, for a moment.
                time.sleep(0.02)
            else:
                store.write(self.path / "pid", str(os.getpid()).encode())
                return
        os.close(lock)
        raise BusyError(f"run {self.name} is carried by process {self.pid} already")

    def _carried(self) -> bool:
        try:
            with (self.path / "lock").open("rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError:
            return False
        return False

    def add(self, event: RunEvent) -> None:
        """Appends one event to what consoles read."""
        with (self.path / "events.jsonl").open("a", encoding="utf-8") as file:
            file.write(encode(event) + "\n")

    def events(self) -> Iterator[RunEvent]:
        """Everything told so far; a half-written last line is left out."""
        try:
            lines = (self.path / "events.jsonl").read_text(encoding="utf-8").splitlines()
        except OSError:
            return
        for line in lines:
            try:
                yield decode(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue


SOCKET_PATH = 107
"""Bytes that the address of a UNIX socket may have (sun_path; unix(7))."""


@contextmanager
def reachable(path: Path) -> Iterator[str]:
    """The address of the socket at `path`, as bind and connect take it: where it is too long for them, by way
    of its folder's descriptor (proc(5): /proc/self/fd)."""
    if len(os.fsencode(path)) <= SOCKET_PATH:
        yield str(path)
        return
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)


def encode(event: RunEvent) -> str:
    return json.dumps({**asdict(event), "kind": event.kind.value}, ensure_ascii=False, default=str)


def decode(value: Mapping[str, Any]) -> RunEvent:
    """The event in a decoded line; ValueError, KeyError or TypeError when it is none."""
    return RunEvent(
        int(value["seq"]),
        float(value["at"]),
        Kind(value["kind"]),
        str(value["sentence"]),
        int(value["stage"]),
        int(value["step"]),
        dict(value["data"]),
    )


def create(state: Path, request: Request, snapshot: bytes) -> RunFolder:
    """A new run's folder, numbered after the last one. Raises OSError."""
    runs = state / "runs"
    runs.mkdir(mode=0o700, parents=True, exist_ok=True)
    number = max((int(path.name) for path in runs.iterdir() if path.name.isdigit()), default=0)
    while True:
        number += 1
        path = runs / f"{number:04d}"
        try:
            path.mkdir(mode=0o700)
            break
        except FileExistsError:
            continue
    store.write(path / "snapshot.json.gz", snapshot)
    store.write(path / "request.json", json.dumps(asdict(request), indent=1).encode())
    return RunFolder(path)


def all_runs(state: Path) -> list[RunFolder]:
    """Every run of a platform, newest first."""
    runs = state / "runs"
    if not runs.is_dir():
        return []
    paths = sorted((path for path in runs.iterdir() if path.name.isdigit()), reverse=True)
    return [RunFolder(path) for path in paths if (path / "request.json").is_file()]


def unfinished(state: Path) -> list[RunFolder]:
    """Runs without an outcome: waiting at a gate, or left behind by a crash."""
    return [run for run in all_runs(state) if run.result is None]
