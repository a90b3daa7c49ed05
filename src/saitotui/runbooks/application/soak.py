"""How a node serves users after a change, against how the application served them before: by nginx's access
logs, which say what every upstream answered and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.facts import nginx_log
from saitotui.model.command import Answer, Client, Command, Failure
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.model.profile import Nginx
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.judging import reading, value_name, waiting
from saitotui.tiers.application.answering import Service, by_tomcat, for_users
from saitotui.tiers.application.view import View

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


def _worded(found: Service) -> str:
    return f"{found.requests} requests, {found.failed} failed, p95 {1000 * (found.p95 or 0):.0f} ms"


def _share(found: Service) -> float:
    return found.failed / found.requests if found.requests else 0.0


def before(fleet: Fleet) -> Iterator[Step]:
    """How users are served now, by each nginx: what is compared with later."""
    for name, node in fleet.application.nginx.items():

        def now(answer: Answer) -> Service:
            return for_users(nginx_log.access_log(answer, LOG).requests)

        def read(answer: Answer) -> str:
            found = now(answer)
            return shell(f"{found.requests}/{found.failed}/{found.p95 or 0:.3f}")

        act = Act(
            Command(Client.SSH, node.host, nginx_log.ask_log(node.access_log, LOG)),
            capture=Capture(value_name("before", name), read),
            tells=lambda answer: f"as it is now: {_worded(now(answer))}",
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
    acts = []
    for name, front in fleet.application.nginx.items():
        values = f"{{{value_name('since', name)}}}/{{{value_name('before', name)}}}"
        text = f"echo {values}; {nginx_log.ask_log(front.access_log, LOG)}"
        look = _Look(fleet.view, name, node, seconds)
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

    view: View
    front: str
    node: str
    seconds: float

    def pending(self, answer: Answer | Failure) -> str:
        return waiting(self._left, self.front)(answer)

    def _left(self, answer: Answer) -> str:
        passed, old, new = self._compare(answer)
        if _worse(old, new) or passed >= self.seconds:
            return ""
        return f"{passed:.0f} of {self.seconds:g} s; {self.tells(answer)}"

    def accept(self, answer: Answer | Failure) -> str:
        return waiting(self._bad, self.front)(answer)

    def _bad(self, answer: Answer) -> str:
        _, old, new = self._compare(answer)
        return self._said(f" {why}", old, new) if (why := _worse(old, new)) else ""

    def tells(self, answer: Answer) -> str:
        _, old, new = self._compare(answer)
        return self._said("", old, new)

    def _said(self, how: str, old: Service, new: Service) -> str:
        return f"{self.node} by way of {self.front}{how}: {_worded(new)} (before: {_worded(old)})"

    def _compare(self, answer: Answer) -> tuple[float, Service, Service]:
        first, _, rest = answer.text.partition("\n")
        at, count, failed, p95 = first.strip().split("/")
        log = nginx_log.access_log(Answer(rest, answer.status), LOG)
        since = [one for one in log.requests if one.at > float(at)]
        before = Service(int(count), int(failed), float(p95))
        return log.now - float(at), before, by_tomcat(self.view, since)[self.node]


def _worse(old: Service, new: Service) -> str:
    """Why `new` is not good enough; '' when it is."""
    if new.failed >= FEW and _share(new) > _share(old) + MORE:
        return "fails users"
    was, now = old.p95 or 0.0, new.p95 or 0.0
    slow = now > SLOWER * was and now > was + SLOWER_BY
    if new.requests >= ENOUGH and old.requests >= ENOUGH and slow:
        return "is slower for users"
    return ""
