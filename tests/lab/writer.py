"""Applications that write through HAProxy: numbered rows, each retried until it is acknowledged.

`python -m tests.lab.writer ADDRESS,ADDRESS PASSWORD RATE` writes until its standard input ends, then prints
JSON: `acknowledged` (pairs of row and time), `errors` (pairs of number and time), `ambiguous` (rows that were
there already when they were tried again).
"""

from __future__ import annotations

import json
import sys
import threading
import time
from dataclasses import dataclass, field

import pymysql

CONNECTIONS = 8
SHARE = 1_000_000
"""Rows of one connection have numbers from its own million."""


@dataclass
class Writer:
    """One connection of an application, that writes `rate` rows a second."""

    number: int
    address: str
    password: str
    rate: float
    acknowledged: list[tuple[int, float]] = field(default_factory=list)
    errors: list[tuple[int, float]] = field(default_factory=list)
    ambiguous: list[int] = field(default_factory=list)
    connects: int = 0

    def run(self, stop: threading.Event) -> None:
        connection: pymysql.Connection | None = None
        row, due, again = self.number * SHARE, time.monotonic(), False
        while not stop.is_set() or again:
            try:
                if connection is None:
                    connection = self._connect()
                with connection.cursor() as cursor:
                    cursor.execute("INSERT INTO app.numbered (id) VALUES (%s)", (row,))
            except pymysql.err.IntegrityError:
                self.ambiguous.append(row)
            except (pymysql.err.Error, OSError) as error:
                self.errors.append((error.args[0] if error.args else 0, time.monotonic()))
                again = True
                if connection is not None:
                    connection.close()
                    connection = None
                continue
            self.acknowledged.append((row, time.monotonic()))
            row, due, again = row + 1, due + 1 / self.rate, False
            time.sleep(max(0.0, due - time.monotonic()))

    def _connect(self) -> pymysql.Connection:
        self.connects += 1
        return pymysql.connect(
            host=self.address, port=3306, user="app", password=self.password, autocommit=True,
            connect_timeout=5, read_timeout=10, ssl_disabled=True,  # loading authorities costs 18 ms
        )  # fmt: skip


def main(addresses: list[str], password: str, rate: float) -> None:
    stop = threading.Event()
    writers = [
        Writer(number, addresses[number % len(addresses)], password, rate / CONNECTIONS)
        for number in range(1, CONNECTIONS + 1)
    ]
    threads = [threading.Thread(target=writer.run, args=(stop,)) for writer in writers]
    for thread in threads:
        thread.start()
    print("writing", flush=True)
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()
    told = {
        "acknowledged": sorted(
            (pair for writer in writers for pair in writer.acknowledged), key=lambda p: p[1]
        ),
        "errors": [pair for writer in writers for pair in writer.errors],
        "ambiguous": [row for writer in writers for row in writer.ambiguous],
        "connects": sum(writer.connects for writer in writers),
    }
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1].split(","), sys.argv[2], float(sys.argv[3]))
