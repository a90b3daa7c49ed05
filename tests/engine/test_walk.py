"""Where a run is, by its events: the same for every console that reads them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.engine.test_execution import START, TWO_STAGES, World, carry_out

from saitotui.engine.runs.folder import BusyError, Request, create, decode, encode
from saitotui.engine.runs.standing import standing, standings
from saitotui.engine.runs.walk import walk
from saitotui.model.plan import Outcome
from saitotui.model.run import Kind, Result, RunEvent


def told(*parts: tuple[Kind, str, int, int, dict[str, Any]]) -> Iterable[RunEvent]:
    return [
        RunEvent(number, 100.0 + number, kind, sentence, stage, step, data)
        for number, (kind, sentence, stage, step, data) in enumerate(parts, 1)
    ]


async def test_the_walk_of_a_run_that_went_well() -> None:
    _, events = await carry_out(TWO_STAGES, World(dict(START)))
    where = walk(events)
    assert where.result is not None
    assert where.result.outcome is Outcome.DONE
    assert where.disarmed == frozenset()
    assert {where.outcomes[(stage, step)][0] for stage in (0, 1) for step in (0, 1)} == {Outcome.DONE}
    assert 1 in where.windows
    begun = walk(events[: next(n for n, e in enumerate(events) if e.kind is Kind.STAGE)])
    assert begun.disarmed == frozenset({0})


async def test_a_robot_that_is_not_proven_armed_again_stays_counted() -> None:
    class Stubborn(World):
        def _one(self, text: str) -> Any:
            return super()._one("set robot off" if text == "set robot on" and self._seen() else text)

        def _seen(self) -> bool:
            self.journal.append(("intent", {"text": "set robot off"}))
            return True

    _, events = await carry_out(TWO_STAGES, Stubborn(dict(START)))
    where = walk(events)
    assert where.disarmed == frozenset({0})
    assert where.result is not None
    assert where.result.outcome is Outcome.INDETERMINATE


def test_a_gate_holds_until_somebody_decides() -> None:
    gate = (Kind.GATE, "next: two", 1, -1, {"confirm": "demote db1"})
    where = walk(told(gate))
    assert where.waiting is not None
    assert (where.waiting.stage, where.waiting.confirm, where.waiting.trouble) == (1, "demote db1", False)
    taken = (Kind.CONTROL, "anna took the controls", -1, -1, {"holder": "anna"})
    assert walk(told(gate, taken)).holder == "anna"
    assert walk(told(gate, taken)).waiting is not None
    lost = (Kind.CONTROL, "anna lost the controls: the connection ended", -1, -1, {"holder": "anna"})
    assert walk(told(gate, taken, lost)).holder == ""
    decided = (Kind.CONTROL, "anna decided: go (demote db1)", -1, -1, {"holder": "anna"})
    assert walk(told(gate, taken, decided)).waiting is None
    trouble = (Kind.GATE, "it does not hold that b is 1", 1, -1, {"confirm": ""})
    again = walk(told(gate, taken, decided, trouble)).waiting
    assert again is not None
    assert again.trouble


def test_runs_stand_as_their_folders_say(tmp_path: Path) -> None:
    request = Request("fsn1", "/p.yaml", "toy", {}, "ab" * 32, "anna@ops1", "drill", 1.0)
    waiting, ended, behind = (create(tmp_path, request, b"") for _ in range(3))
    waiting.take()
    waiting.add(RunEvent(1, 1.0, Kind.GATE, "next: one", 0, data={"confirm": ""}))
    ended.result = Result(Outcome.UNDONE, "undone")
    behind.add(RunEvent(1, 1.0, Kind.NOTE, "it began"))
    found = standings(tmp_path)
    assert [(run.name, run.word, run.parked) for run in found] == [
        ("0003", "left behind", True),
        ("0001", "waiting", True),
        ("0002", "undone", False),
    ]
    assert standings(tmp_path, lambda folder: False) == ()
    assert standing(waiting).where.waiting is not None
    (tmp_path / "runs/0003/request.json").write_text("{", encoding="utf-8")
    assert [run.name for run in standings(tmp_path)] == ["0001", "0002"]


def test_a_run_that_was_just_begun_is_not_left_behind(tmp_path: Path) -> None:
    request = Request("fsn1", "/p.yaml", "toy", {}, "ab" * 32, "anna@ops1", "drill", 1000.0)
    fresh = create(tmp_path, request, b"")
    assert standing(fresh, 1001.0).word == "running"
    assert standing(fresh, 1100.0).word == "left behind"
    assert standing(fresh, 900.0).word == "left behind"


def test_a_run_is_carried_by_one_process_as_long_as_that_lives(tmp_path: Path) -> None:
    request = Request("fsn1", "/p.yaml", "toy", {}, "ab" * 32, "anna@ops1", "drill", 1.0)
    folder = create(tmp_path, request, b"")
    script = (
        "import sys; from pathlib import Path; from saitotui.engine.runs.folder import RunFolder\n"
        "run = RunFolder(Path(sys.argv[1])); run.take(); print('taken', flush=True); sys.stdin.read()"
    )
    command = [sys.executable, "-c", script, str(folder.path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        assert folder.pid == process.pid
        with pytest.raises(BusyError, match=f"carried by process {process.pid} already"):
            folder.take()
        process.kill()
        process.wait()
    # The number is still there; the process is not, or is another by now.
    (folder.path / "pid").write_text("1", encoding="ascii")
    assert folder.pid == 0
    folder.take()
    assert folder.pid != 0


async def test_events_read_again_give_the_same_walk() -> None:
    import json

    _, events = await carry_out(TWO_STAGES, World(dict(START)))
    assert walk(decode(json.loads(encode(event))) for event in events) == walk(events)
