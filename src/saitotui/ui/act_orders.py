"""Commands that act, or lead there. None of them changes a platform by a single key: each asks first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from saitotui.engine.runs.catalogue import catalogue
from saitotui.ui.files import files_like
from saitotui.ui.order import Desk, Order
from saitotui.ui.views import Kind, View


class Act(Order):
    """A command that needs a console which can act. `on` are the views where its key means it."""

    on: tuple[Kind, ...] = ()

    def available(self, desk: Desk) -> bool:
        return desk.acting is not None

    def wants(self, desk: Desk, key: str) -> bool:
        return key in self.keys and self._here(desk)

    def hinted(self, desk: Desk) -> bool:
        return super().hinted(desk) and self._here(desk)

    def _here(self, desk: Desk) -> bool:
        return not self.on or desk.view.kind in self.on


class Arm(Act):
    name = "arm"
    takes = "TIME WHY"
    summary = "let this console act, for a time (15m) and a reason that the journal keeps"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.arm(argument)


class Disarm(Act):
    name = "disarm"
    takes = "[WHY]"
    summary = "read-only again; controls that are held are given back"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.disarm(argument or "by hand")


class Plan(Act):
    name = "plan"
    takes = "RUNBOOK [K=V]"
    summary = "what a runbook would do now, whole, with its preflight"

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        return _subjects(argument, desk)

    def run(self, desk: Desk, argument: str = "") -> None:
        if argument:
            desk.open(View(Kind.PLAN, argument))
        else:
            desk.say(":plan RUNBOOK: Tab names them, r lists them", wrong=True)


def _subjects(argument: str, desk: Desk) -> list[str]:
    """Runbooks, and after one of them its parameters; files for those that are files."""
    name, space, rest = argument.partition(" ")
    if not space:
        return list(catalogue())
    book = catalogue().get(name)
    before = rest.rpartition(" ")[0]
    lead = f"{name} {before} " if before else f"{name} "
    key, sign, value = rest.rpartition(" ")[2].partition("=")
    if sign and book and any(one.name == key and one.file for one in book.parameters):
        beside = desk.acting.acting.file.parent if desk.acting else Path()
        return [f"{lead}{key}={file}" for file in files_like(value, (Path(), beside, beside / "wars"))]
    return [f"{lead}{parameter.name}=" for parameter in book.parameters] if book else []


class Begin(Act):
    name = "run"
    keys = ("b",)
    footer = "begin"
    takes = "RUNBOOK [K=V]"
    summary = "begin a runbook: asks for the reason and for confirmation first"

    def _here(self, desk: Desk) -> bool:
        return bool(_runbook(desk))

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        return _subjects(argument, desk)

    def run(self, desk: Desk, argument: str = "") -> None:
        subject = argument or _runbook(desk)
        if desk.acting and subject:
            desk.acting.begin(subject)
        else:
            desk.say(":run RUNBOOK: Tab names them, r lists them", wrong=True)


def _runbook(desk: Desk) -> str:
    """The runbook that is open, or that the cursor stands on."""
    if desk.view.kind is Kind.PLAN:
        return desk.view.subject
    return desk.key.removeprefix("runbook ") if desk.key.startswith("runbook ") else ""


class _AtGate(Act):
    """Said to the run on the screen; offered while this console holds its controls and it waits."""

    on = (Kind.RUN,)

    def hinted(self, desk: Desk) -> bool:
        run = desk.acting.followed if desk.acting else None
        return super().hinted(desk) and run is not None and run.mine and run.where.waiting is not None


class Continue(_AtGate):
    name = "continue"
    keys = ("c",)
    footer = "continue"
    summary = "at a gate: begin the next stage, or try again; asks for what confirms it"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.go_on()


class Undo(_AtGate):
    name = "undo"
    keys = ("u",)
    footer = "undo"
    summary = "at a gate: undo what the run did, newest first; asks first"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.undo()


class Abandon(_AtGate):
    name = "abandon"
    aliases = ("abort",)
    keys = ("a",)
    footer = "abandon"
    summary = "at a gate: end the run with everything as it is; asks first"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.abandon()


class StopWaiting(Act):
    name = "stop-waiting"
    keys = ("w",)
    footer = "stop waiting"
    on = (Kind.RUN,)
    summary = "stop what the run waits for; asks first"

    def hinted(self, desk: Desk) -> bool:
        run = desk.acting.followed if desk.acting else None
        return super().hinted(desk) and run is not None and run.mine and bool(run.where.waits)

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.stop_waiting()


class Take(Act):
    name = "take"
    keys = ("t",)
    footer = "take controls"
    on = (Kind.RUN,)
    takes = "[WHY]"
    summary = "take the controls of the run; from a colleague with a reason"

    def hinted(self, desk: Desk) -> bool:
        run = desk.acting.followed if desk.acting else None
        return super().hinted(desk) and run is not None and run.live and not run.mine

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.take(argument)


class Release(Act):
    name = "release"
    aliases = ("hand-over",)
    summary = "give the controls back: the run waits at its next gate for whoever takes them"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.release()


class _OfRun(Act):
    takes = "RUN"

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        return [run.name for run in desk.acting.acts.runs] if desk.acting else ()


class Attach(_OfRun):
    name = "attach"
    aliases = ("runs",)
    summary = "follow a run from its first event; without a number the one that is under way"

    def run(self, desk: Desk, argument: str = "") -> None:
        runs = desk.acting.acts.unfinished if desk.acting else ()
        name = argument.zfill(4) if argument else runs[0].name if len(runs) == 1 else ""
        if name:
            desk.open(View(Kind.RUN, name))
        else:
            desk.open(View(Kind.RUNBOOKS))
            desk.say("more than one run is under way: choose" if runs else "no run is under way")


class Resume(_OfRun):
    name = "resume"
    summary = "go on with a run that a crash left behind: every goal is asked again first"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.resume(argument)


class Approve(_OfRun):
    name = "approve"
    summary = "as the second person: sign a colleague's plan with your own key"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.approve(argument)


class Journal(Act):
    name = "journal"
    keys = ("J",)
    summary = "who did what and why, and whether it is what was written"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.open(View(Kind.JOURNAL))


class Verify(Act):
    name = "verify"
    keys = ("v",)
    footer = "verify"
    on = (Kind.JOURNAL, Kind.ENTRY)
    summary = "verify the whole journal, and compare it with its witnesses"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.verify()


class Evidence(Act):
    name = "evidence"
    keys = ("e",)
    takes = "[WHY]"
    summary = (
        "collect the state and the logs of every machine into an archive, before anybody restarts anything"
    )

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.acting:
            desk.acting.evidence(argument)
