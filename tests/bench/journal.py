"""The audit journal: an entry next to a bare write and fsync, and a hundred thousand of them verified."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from tests.bench.rows import Result, Row

from saitotui.engine.journal.file import Journal
from saitotui.engine.journal.verify import verify

APPENDS = 300
MANY = 100_000
BATCH = 5_000


def bench() -> Iterable[Result]:
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as folder:
        journal = Journal(Path(folder) / "one.jsonl")
        bare = os.open(Path(folder) / "bare", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        ours, theirs = [], []
        body = {"client": "mysql", "target": "db1", "text": "SET GLOBAL read_only = 1"}
        for _ in range(APPENDS):
            began = time.perf_counter()
            journal.append("intent", body)
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            os.write(bare, b"x" * 400 + b"\n")
            os.fsync(bare)
            theirs.append(time.perf_counter() - began)
        os.close(bare)
        for share, name in ((0.5, "median"), (0.99, "p99")):
            mine, other = (sorted(values)[int(share * APPENDS)] * 1000 for values in (ours, theirs))
            yield Row(f"journal entry, {name}", mine, "ms", other, "a bare write and fsync")
        many = Journal(Path(folder) / "many.jsonl")
        for _ in range(MANY // BATCH):
            many.append_all([("intent", body)] * BATCH)
        began = time.perf_counter()
        found = verify(many.file)
        assert (found.entries, found.broken) == (MANY, "")
        yield Row(f"{MANY} entries verified", time.perf_counter() - began, "s", aim=10.0)
