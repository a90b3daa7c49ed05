"""`python -m tests.bench [NAME ...]`: runs the benchmarks, or some of them, and prints a line a result."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping

from tests.bench import console, database, deployments, fleet, journal, polls, power_cuts, recovery, storage
from tests.bench.rows import Result

BENCHES: Mapping[str, Callable[[], Iterable[Result]]] = {
    "console": console.bench,
    "polls": polls.bench,
    "fleet": fleet.bench,
    "journal": journal.bench,
    "database": database.bench,
    "deployments": deployments.bench,
    "storage": storage.bench,
    "power-cuts": power_cuts.bench,
    "recovery": recovery.bench,
}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHES]
    if unknown:
        print(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHES)}", file=sys.stderr)
        return 2
    for name in names or BENCHES:
        print(f"# {name}", flush=True)
        for result in BENCHES[name]():
            print(result.text, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
