"""The gap of swap-db-master on a real pair: measured by `make lab-test`, which counts every row as well."""

from __future__ import annotations

from collections.abc import Iterable

from tests.bench.rows import Result, Skipped


def bench() -> Iterable[Result]:
    yield Skipped("gap of a swap against the bare statements", "make lab-test prints gap and window")
