"""How a node serves users after a change, against how the application served them before: by nginx's access
logs, which say what every upstream answered and when."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts import nginx_log
from saitotui.facts.nginx_log import Request
from saitotui.model.command import Answer, Client, Command, Failure, Unparsable
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.model.profile import Nginx
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.judging import reading, value_name

LOG = 400_000
"""Bytes of the log that are read at each look: about 3,000 requests."""
LOOK = 2.0
"""Seconds between two looks."""
ENOUGH = 20
"""Requests from which a share says something."""
FEW = 3
"""Failures that may be chance."""
MORE = 0.01
"""Share of failed requests above that of before which is too much."""
SLOWER, SLOWER_BY = 2.0, 0.3
"""A p95 is too slow that is so many times, and so many seconds, above that of before."""


@dataclass(frozen=True, slots=True)
class Service:
    """How well requests were served: their number, those that failed, and the 95th percentile (s)."""

    count: int
    failed: int
    p95: float

    @property
    def share(self) -> float:
        return self.failed / self.count if self.count else 0.0

    def __str__(self) -> str:
        return f"{self.count} requests, {self.failed} failed, p95 {self.p95 * 1000:.0f} ms"


def served(requests: Sequence[Request], hosts: frozenset[str] | None = None) -> Service:
    """What users got; with `hosts` only what those upstreams answered."""
    mine = [one for one in requests if hosts is None or _last(one) in hosts]
    failed = sum(one.status >= 500 for one in mine) if hosts is None else sum(
        attempt.status >= 500 or not attempt.status
        for one in requests
        for attempt in one.tries
        if _host(attempt.address) in hosts
    )  # fmt: skip
    times = sorted(one.seconds for one in mine if one.seconds is not None)
    return Service(len(mine), failed, times[int(0.95 * (len(times) - 1))] if times else 0.0)


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")


def _last(request: Request) -> str:
    return _host(request.tries[-1].address) if request.tries else ""


def before(fleet: Fleet) -> Iterator[Step]:
    """How users are served now, by each nginx: what is compared with later."""
    for name, node in fleet.application.nginx.items():

        def read(answer: Answer) -> str:
            log = nginx_log.access_log(answer, LOG)
            found = served(log.requests)
            return shell(f"{found.count}/{found.failed}/{found.p95:.3f}")

        act = Act(
            Command(Client.SSH, node.host, nginx_log.ask_log(node.access_log, LOG)),
            capture=Capture(value_name("before", name), read),
            tells=lambda answer: f"as it is now: {served(nginx_log.access_log(answer, LOG).requests)}",
        )
        yield Step(f"read how {name} serves users", (act,), expected=0.2)


def tells_who_answered(front: str, node: Nginx) -> Check:
    """Whether an access log names upstreams: without that nobody could tell how a node serves."""

    def judge(answer: Answer) -> Verdict:
        log = nginx_log.access_log(answer)
        proxied = sum(bool(one.tries) for one in log.requests)
        said = f"{proxied} of the last {len(log.requests)} requests name their upstream"
        return Verdict(bool(proxied) if log.requests else None, said)

    command = Command(Client.SSH, node.host, nginx_log.ask_log(node.access_log))
    return Check(f"the access log of {front} says who answered", command, reading(judge))


def begin(fleet: Fleet, node: str) -> Iterator[Step]:
    """From when on `node` is watched, by each nginx's own clock."""
    for name, front in fleet.application.nginx.items():
        capture = Capture(value_name("since", name), lambda answer: shell(str(int(answer.text))))
        act = Act(Command(Client.SSH, front.host, "date +%s"), capture=capture)
        yield Step(f"begin to watch what {node} answers by way of {name}", (act,), expected=0.1)


def soak(fleet: Fleet, node: str, seconds: float) -> Step:
    """Watches `node` for some time, on all nginx at the same time. Too many failures end it at once."""
    hosts = fleet.view.tomcats[node].addresses
    acts = []
    for name, front in fleet.application.nginx.items():
        values = f"{{{value_name('since', name)}}}/{{{value_name('before', name)}}}"
        text = f"echo {values}; {nginx_log.ask_log(front.access_log, LOG)}"
        look = _Look(name, node, hosts, seconds)
        command = Command(Client.SSH, front.host, text)
        acts.append(Act(command, look.accept, pause=LOOK, pending=look.pending, tells=look.tells))
    return Step(
        f"users are served by {node} as well as before, for {seconds:g} s",
        tuple(acts),
        deadline=seconds + 120,
        expected=seconds,
        together=True,
    )


@dataclass(frozen=True, slots=True)
class _Look:
    """One look at one nginx's log."""

    front: str
    node: str
    hosts: frozenset[str]
    seconds: float

    def pending(self, answer: Answer | Failure) -> str:
        if isinstance(answer, Failure):
            return answer.sentence
        try:
            passed, old, new = self._compare(answer)
        except (Unparsable, ValueError) as error:
            return f"{self.front}: {error}"
        if _worse(old, new) or passed >= self.seconds:
            return ""
        return f"{passed:.0f} of {self.seconds:g} s; {self.tells(answer)}"

    def accept(self, answer: Answer | Failure) -> str:
        if isinstance(answer, Failure):
            return answer.sentence
        try:
            _, old, new = self._compare(answer)
        except (Unparsable, ValueError) as error:
            return f"{self.front}: {error}"
        why = _worse(old, new)
        return f"{self.node} by way of {self.front} {why}: {new} (before: {old})" if why else ""

    def tells(self, answer: Answer) -> str:
        _, old, new = self._compare(answer)
        return f"{self.node} by way of {self.front}: {new} (before: {old})"

    def _compare(self, answer: Answer) -> tuple[float, Service, Service]:
        first, _, rest = answer.text.partition("\n")
        at, count, failed, p95 = first.strip().split("/")
        log = nginx_log.access_log(Answer(rest, answer.status), LOG)
        since = [one for one in log.requests if one.at > float(at)]
        return log.now - float(at), Service(int(count), int(failed), float(p95)), served(since, self.hosts)


def _worse(old: Service, new: Service) -> str:
    """Why `new` is not good enough; '' when it is."""
    if new.failed >= FEW and new.share > old.share + MORE:
        return "fails users"
    slow = new.p95 > SLOWER * old.p95 and new.p95 > old.p95 + SLOWER_BY
    if new.count >= ENOUGH and old.count >= ENOUGH and slow:
        return "is slower for users"
    return ""
