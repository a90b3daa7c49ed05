"""The process that carries one run, whatever becomes of the console that started it.

`supervise` is the detached process: it starts `work` in a child and starts it again when that is killed, so
that a run cut down inside a stage is resumed within a second. `work` does everything else.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine import store
from saitotui.engine.journal.entry import JournalError
from saitotui.engine.journal.file import Journal
from saitotui.engine.journal.seal import seal
from saitotui.engine.poll import look_again
from saitotui.engine.registry import platform
from saitotui.engine.runs.approval import missing_approval
from saitotui.engine.runs.catalogue import plan_of
from saitotui.engine.runs.controls import Controls
from saitotui.engine.runs.earlier import Earlier, earlier
from saitotui.engine.runs.execution import Execution, Line, preflight
from saitotui.engine.runs.folder import BusyError, Request, RunFolder
from saitotui.engine.runs.hold import HeldLeases, Hold
from saitotui.engine.runs.lease import RENEW_EVERY, Holder, LeaseRefused, Leases
from saitotui.engine.runs.record import Record, command_body
from saitotui.engine.runs.saved import difference, save
from saitotui.engine.runs.waits import Waits
from saitotui.engine.runs.witness import note_heads
from saitotui.model.plan import Outcome, Plan, Refusal, as_data, lines
from saitotui.model.profile import Profile
from saitotui.model.run import Decision, Kind, Result, RunEvent

RESTARTS = 5
BUSY = 75
"""Exit status of a process that finds its run carried by another (sysexits.h: EX_TEMPFAIL)."""
LINGER = 3.0
"""Seconds that the socket stays after the end, for consoles to read the outcome."""

MIB = 1 << 20

_log = logging.getLogger(__name__)


def start(folder: RunFolder) -> None:
    """Starts the run of `folder` in a session of its own (setsid(2)): a lost terminal does not reach it."""
    command = [sys.executable, "-m", "saitotui", "runner", str(folder.path)]
    with folder.log.open("ab") as log:
        subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )


def supervise(folder: RunFolder) -> int:
    """Carries the run to an outcome through a child that may be killed."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    for _ in range(RESTARTS + 1):
        child = subprocess.run(
            [sys.executable, "-m", "saitotui", "runner", "--work", str(folder.path)],
            stdin=subprocess.DEVNULL,
            check=False,
        )
        if folder.result is not None:
            return folder.result.exit_code
        if child.returncode == BUSY:
            return BUSY
        _log.error("the runner of %s ended with %s and no outcome", folder.name, child.returncode)
        time.sleep(0.2)
    return 1


def work(path: Path) -> int:
    """One attempt at the run: from the first, or from where an earlier one was cut off."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    folder = RunFolder(path)
    try:
        folder.take()
    except BusyError as error:
        _log.error("%s", error)
        return BUSY
    folder.socket.unlink(missing_ok=True)
    return asyncio.run(Runner(folder).run()).exit_code


class Runner:
    """One attempt at one run."""

    def __init__(self, folder: RunFolder, clock: Callable[[], float] = time.time) -> None:
        self._folder = folder
        self._clock = clock
        self._request: Request = folder.request
        self._profile: Profile = load_profile(Path(self._request.profile))
        self._history = list(folder.events())
        self._resumed = bool(self._history)
        self._earlier = tuple(self._history)
        # An earlier process that began to disarm, or came to a gate, had its preflight behind it.
        self._looked = any(event.kind in (Kind.GATE, Kind.STAGE, Kind.STEP) for event in self._earlier)
        self._waits = Waits()
        self._controls = Controls(self._history, self._control, self._waits)
        state = store.state_folder(self._request.platform)
        self._journal = Journal(state / "journal.jsonl", who=self._request.who, clock=clock)
        first = self._history[-1].seq + 1 if self._history else 1
        self._record = Record(
            self._journal, folder.name, self._publish, first=first, clock=clock, evidence=state / "evidence"
        )
        self._hub = Hub(self._profile, self._sent)
        self._sent_at = 0.0
        self._leases = Leases(self._profile, self._hub, self._holder, clock)

    async def run(self) -> Result:
        await self._controls.serve(self._folder.socket)
        try:
            result = await self._guarded()
            self._folder.result = result
            await self._sealed()
            await asyncio.sleep(LINGER)
            return result
        finally:
            await self._controls.aclose()
            await self._hub.aclose()
            self._folder.socket.unlink(missing_ok=True)

    async def _guarded(self) -> Result:
        """The run with everything around it; refusals have their sentence."""
        try:
            plan = self._plan()
            self._begin(plan)
            before = earlier(plan, self._earlier)
            hold = HeldLeases(self._leases, plan, self._record, self._waits)
            await self._hold(hold, resting=before.rests(plan))
        except (JournalError, LeaseRefused, ValueError) as error:
            return self._refused(str(error))
        renewing = asyncio.create_task(self._renew())
        try:
            result = await self._inside(plan, before, hold)
        finally:
            renewing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await renewing
            await hold.give_back()
        body = {"outcome": result.outcome.value, "sentence": result.sentence, "probe": result.probe}
        self._record.late(("run-end", body))
        return result

    async def _hold(self, hold: HeldLeases, *, resting: bool) -> None:
        """Takes the leases. One that rested may have left one behind, but while it waits others may act."""
        try:
            await hold.first(self._request.take_over)
        except LeaseRefused as error:
            if not resting:
                raise
            self._record.tell(Kind.LEASE, str(error))

    def _plan(self) -> Plan:
        """The plan, made again from what it was first made of; ValueError when it is another now."""
        seen = platform(self._profile)
        snapshot = store.load(self._folder.snapshot, seen.questions)
        otherwise = "this console makes another plan than the one that was approved"
        plan = plan_of(self._profile, snapshot, self._request.runbook, self._request.parameters)
        if isinstance(plan, Refusal):
            raise ValueError(f"{otherwise}: {'; '.join(plan.reasons)}")
        if plan.digest != self._request.digest:
            raise ValueError(f"{otherwise}; approve the new one: saitotui plan {self._request.runbook}")
        return plan

    def _begin(self, plan: Plan) -> None:
        if self._resumed:
            self._record.journal(("run-resume", {"digest": plan.digest}))
            self._record.tell(Kind.NOTE, "resumed: every goal is asked again")
            return
        body = {
            "runbook": plan.runbook,
            "digest": plan.digest,
            "why": self._request.why,
            "accepted": list(self._request.accepted),
            "parameters": dict(plan.parameters),
            "hands_free": self._request.hands_free,
        }
        self._record.journal(("run-begin", body), ("plan", as_data(plan)))
        for line in lines(plan):
            _log.info("%s", line)
        self._record.tell(Kind.NOTE, f"{plan.title}: {self._request.who}: {self._request.why}")

    async def _inside(self, plan: Plan, before: Earlier, hold: Hold) -> Result:
        """What happens under the lease."""
        if not self._looked:
            refused = await self._still_the_same(plan) or await self._preflight(plan)
            if refused:
                return self._refused(refused)
        execution = Execution(plan, self._hub, self._record, self._gate(plan), before, self._waits, hold)
        return await execution.run()

    async def _still_the_same(self, plan: Plan) -> str:
        """Why the plan is not what this platform needs any more, its difference told; '' when it is."""
        seen = platform(self._profile)
        snapshot = await look_again(self._hub, seen.questions.values(), self._clock)
        now = plan_of(self._profile, snapshot, self._request.runbook, self._request.parameters)
        changed = "the platform changed since the plan was approved"
        if isinstance(now, Refusal):
            return f"{changed}: {'; '.join(now.reasons)}"
        if now.digest == plan.digest:
            return ""
        save(store.state_folder(self._request.platform), now)
        for line in difference(list(lines(plan)), list(lines(now))):
            self._record.tell(Kind.NOTE, line)
        return f"{changed}; approve the new one: saitotui plan {self._request.runbook}"

    async def _preflight(self, plan: Plan) -> str:
        """Asks the whole preflight inside the lease; why it refuses, or ''."""
        found = await preflight(self._hub, plan.preflight)
        for line in found:
            self._record.tell(Kind.PREFLIGHT, line.sentence, grade=line.word, measured=line.verdict.measured)
        self._record.journal(*[("preflight", _line_body(line)) for line in found])
        refusing = [line for line in found if line.grade and not self._accepted(line)]
        return refusing[0].sentence if refusing else ""

    def _accepted(self, line: Line) -> bool:
        return line.word == "amber" and line.condition.check.sentence in self._request.accepted

    def _gate(self, plan: Plan) -> Callable[[int, str], asyncio.Future[Decision]]:
        def gate(number: int, trouble: str) -> asyncio.Future[Decision]:
            return asyncio.ensure_future(self._wait(plan, number, trouble))

        return gate

    async def _wait(self, plan: Plan, number: int, trouble: str) -> Decision:
        """One gate: hands-free runs pass it, others wait for the holder of the controls. Nothing is done, and
        nothing undone, by a run whose lease somebody else has."""
        stage = plan.stages[number]
        while True:
            if self._request.hands_free:
                decision = Decision.ABANDON if trouble else Decision.GO
            else:
                what = trouble or f"next: {stage.title}"
                choices = [decision.value for decision in Decision]
                self._record.tell(Kind.GATE, what, number, confirm=stage.confirm, choices=choices)
                decision = await self._controls.decide(stage.confirm, lambda: self._approved(number))
            trouble = "" if decision is Decision.ABANDON else await self._taken()
            if not trouble:
                return decision
            self._record.tell(Kind.LEASE, trouble)

    async def _taken(self) -> str:
        """Which lease somebody else has by now, as fresh as can be; '' when none."""
        await self._leases.renew()
        return self._leases.taken

    def _approved(self, number: int) -> str:
        """Why the first stage may not begin yet: a second person may have to approve."""
        return missing_approval(self._profile, self._folder) if number == 0 else ""

    def _sent(self, target: str, done: int, whole: int) -> None:
        """Tells how far an upload is, once a second."""
        now = time.monotonic()
        if done < whole and now - self._sent_at >= 1:
            self._sent_at = now
            self._record.tell(
                Kind.NOTE, f"{done / MIB:.1f} of {whole / MIB:.1f} MiB sent to {target}", *self._record.place
            )

    def _control(self, who: str, sentence: str) -> None:
        self._record.late(("control", {"who": who, "what": sentence}))
        self._record.tell(Kind.CONTROL, f"{who} {sentence}", holder=who)

    def _holder(self) -> Holder:
        request = self._request
        return Holder(request.who, self._folder.name, request.runbook, request.why, round(self._clock()))

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            lost = await self._leases.renew()
            if lost:
                self._record.tell(Kind.LEASE, lost)

    def _refused(self, sentence: str) -> Result:
        result = Result(Outcome.REFUSED, sentence)
        self._record.late(("run-end", {"outcome": result.outcome.value, "sentence": sentence, "probe": ""}))
        self._record.tell(Kind.OUTCOME, sentence, outcome=result.outcome.value, probe="")
        return result

    def _publish(self, event: RunEvent) -> None:
        self._history.append(event)
        # Kept before it is told: what somebody has seen must not be unknown to the process that goes on.
        try:
            self._folder.add(event)
        except OSError as error:
            _log.error("an event of %s was not kept: %s", self._folder.name, error)
        self._controls.publish(event)

    async def _sealed(self) -> None:
        """Signs the journal's head and copies it to the witnesses; a failure is told, the run has ended."""
        key = self._profile.acting.signing_key
        if key:
            try:
                await asyncio.to_thread(seal, self._journal, Path(key))
            except JournalError as error:
                self._record.tell(Kind.NOTE, f"the journal was not sealed: {error}")
        for host, why in (await note_heads(self._hub, self._profile, self._journal)).items():
            self._record.tell(Kind.NOTE, f"the journal's head was not copied to {host}: {why}")


def _line_body(line: Line) -> dict[str, object]:
    body = {"check": line.condition.check.sentence, "grade": line.word, "measured": line.verdict.measured}
    return {**body, **command_body(line.condition.check.command)}
