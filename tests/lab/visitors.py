"""Users of the application: some are logged in and count their visits, others come anew, all through nginx.

`python -m tests.lab.visitors HOST PORT RATE USERS` visits until its standard input ends, then prints JSON:
`requests` by HTTP status (0: no answer), `reconnects` (kept connections that were closed while idle),
`failed` (what was asked, and when), `lost` (users whose count did not go on: who, before, after), `versions`
(of logged-in users, by version), `new` (version of new visitors over time).
"""

from __future__ import annotations

import http.client
import json
import re
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

THREADS = 8
_PAGE = re.compile(r"version=(\S+) node=(\S+)(?: count=(\d+))?")


@dataclass
class User:
    """One who is logged in. `count` is what the application told last."""

    number: int
    cookie: str = ""
    count: int = 0
    versions: Counter[str] = field(default_factory=Counter)


class Visits(threading.Thread):
    """One connection to nginx at a time, over which several users and new visitors come."""

    def __init__(self, place: tuple[str, int], rate: float, users: list[User], stop: threading.Event) -> None:
        super().__init__()
        self._place, self._rate, self._users, self._done = place, rate, users, stop
        self._connection = http.client.HTTPConnection(*place, timeout=15)
        self.requests: Counter[int] = Counter()
        self.reconnects = 0
        self.failed: list[tuple[str, float]] = []
        self.lost: list[tuple[int, int, int]] = []
        self.new: list[tuple[float, str]] = []

    def run(self) -> None:
        due, number = time.monotonic(), 0
        while not self._done.is_set():
            number += 1
            if number % 5 == 0:
                self._newcomer()
            elif number % 5 == 1:
                self._get("/app/health", "")
            else:
                self._count(self._users[number % len(self._users)])
            due += 1 / self._rate
            time.sleep(max(0.0, due - time.monotonic()))
        self._connection.close()

    def _newcomer(self) -> None:
        text, _ = self._get("/app/count", "")
        if (page := _PAGE.search(text)) is not None:
            self.new.append((time.monotonic(), page[1]))

    def _count(self, user: User) -> None:
        text, cookie = self._get("/app/count", user.cookie)
        user.cookie = cookie or user.cookie
        page = _PAGE.search(text)
        if page is None:
            return
        if int(page[3]) != user.count + 1:
            self.lost.append((user.number, user.count, int(page[3])))
        user.count = int(page[3])
        user.versions[page[1]] += 1

    def _get(self, path: str, cookie: str) -> tuple[str, str]:
        """The page, and the cookie that came with it."""
        try:
            answer = self._ask(path, {"Cookie": cookie} if cookie else {})
            text = answer.read().decode()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            self.requests[0] += 1
            self.failed.append((f"{path}: {error!r}", time.monotonic()))
            return "", ""
        self.requests[answer.status] += 1
        if answer.status != 200:
            self.failed.append((f"{path}: {answer.status}", time.monotonic()))
            return "", ""
        return text, (answer.getheader("Set-Cookie") or "").partition(";")[0]

    def _ask(self, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
        """As browsers do, on a new connection when the one that was kept was closed meanwhile: an nginx that
        reads its configuration closes those that are idle (RFC 9112, 9.3.1 and 9.5)."""
        kept = self._connection.sock is not None
        try:
            self._connection.request("GET", path, headers=headers)
            return self._connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
            self._connection.close()
            if not kept:
                raise
        self.reconnects += 1
        self._connection.request("GET", path, headers=headers)
        return self._connection.getresponse()


def main(host: str, port: str, rate: str, count: str) -> None:
    stop = threading.Event()
    users = [User(number) for number in range(int(count))]
    threads = [
        Visits((host, int(port)), float(rate) / THREADS, users[number::THREADS], stop)
        for number in range(THREADS)
    ]
    for one in threads:
        one.start()
    print("visiting", flush=True)
    sys.stdin.read()
    stop.set()
    for one in threads:
        one.join()
    print(
        json.dumps(
            {
                "requests": sum((one.requests for one in threads), Counter()),
                "reconnects": sum(one.reconnects for one in threads),
                "failed": [failure for one in threads for failure in one.failed],
                "lost": [lost for one in threads for lost in one.lost],
                "versions": sum((user.versions for user in users), Counter()),
                "new": sorted(new for one in threads for new in one.new),
            }
        )
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
