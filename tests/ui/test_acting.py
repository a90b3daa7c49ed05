"""Arming, runbooks and runs, as an engineer meets them in the console."""

from __future__ import annotations

import re

import pytest
from tests.ui.acting_world import World, stand

from saitotui.engine.runs.catalogue import catalogue
from saitotui.model.plan import Outcome
from saitotui.ui.views import Kind, View

pytestmark = pytest.mark.usefixtures("place")


async def test_it_is_read_only_until_it_is_armed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        assert "READ-ONLY" in at.text.splitlines()[0]
        await at.command("run toy-walk")
        await at.seen("this console is read-only: :arm 15m and why, first")
        await at.command("arm 15m")
        await at.seen(":arm 15m and why: the journal keeps the reason")
        assert "READ-ONLY" in at.text
        assert at.kinds() == []
        await at.armed()
        assert at.entries()[0].body == {"seconds": 900, "why": "INC-7"}
        await at.command("disarm")
        await at.seen("READ-ONLY", "read-only again")
        assert at.kinds() == ["arm", "disarm"]


async def test_it_counts_down_in_minutes_and_disarms_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        at.clock.skew += 100
        at.app._check()
        await at.seen("ARMED 14m")
        at.clock.skew += 780
        at.app._check()
        await at.until(lambda: re.search(r"ARMED [12]?0s", at.text) is not None)
        at.clock.skew += 20
        at.app._check()
        await at.seen("READ-ONLY", "the time is over")
        assert at.entries()[-1].body == {"why": "its time is over"}


async def test_leaving_the_console_disarms_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.pilot.press("q")
    assert at.kinds() == ["arm", "disarm"]


async def test_it_is_not_armed_when_the_journal_cannot_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        (at.state / "journal.jsonl").mkdir()
        await at.command("arm 15m INC-7")
        await at.seen("cannot be written: Is a directory; nothing is acted on without it", "READ-ONLY")


async def test_runbooks_stand_with_their_preflight(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch, World({**World().values, "calm": "no", "sure": "?"})) as at:
        await at.pilot.press("r")
        await at.pilot.press("G", *("k" for name in catalogue() if name > "toy-walk"))
        await at.seen("toy-walk", "1 red, 1 amber", "Sets two names")
        await at.pilot.press("enter")
        shown = await at.seen("Preflight: 1 red, 1 amber")
        assert at.app.view == View(Kind.PLAN, "toy-walk")
        assert shown.index("✗ RED    calm is yes: it is no") < shown.index("▲ AMBER  sure is yes: it is ?")
        await at.pilot.press("G")
        for part in (
            "set robot",
            "users notice",
            "run on db1 (mysql): set a 1",
            "undo on db1 (mysql): set a 0",
            "proof: a is 1",
            "POINT OF NO RETURN",
            "type `demote db1`",
            "about 4 ms, at most 500 ms",
        ):
            await at.pilot.press("g")
            while part not in at.text and at.app._grid.below:
                await at.pilot.press("ctrl+d")
            assert part in at.text
        await at.armed()
        await at.pilot.press("b")
        await at.seen("REFUSED: a red line of the preflight: calm is yes: it is no")
        assert at.world.sets == []


async def test_a_runbook_that_refuses_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.command("plan toy-walk mood=no")
        await at.seen("There is no plan now, because", "the mood is wrong")
        await at.command("plan toy-walk colour=red")
        await at.seen("toy-walk has no parameter 'colour'")
        await at.command("plan nothing")
        await at.seen("there is no runbook 'nothing'")


async def test_a_run_is_walked_from_its_reason_to_its_outcome(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        shown = await at.seen("run 0001: waiting", "1 DISARMED", "nothing was done yet", "set a 1")
        assert "1 ▲ NEXT" in shown
        assert at.world.sets == ["set robot off"]
        await at.pilot.press("c")
        assert "writes wait for a moment" in await at.seen("Type y to begin")
        await at.answer("Type y to begin", "y")
        await at.seen("WAITS before stage 2", "c continue (type `demote db1`)", "set a: set a 0")
        await at.pilot.press("c")
        await at.answer("Type demote db1 to begin", "demote db1")
        await at.seen("DONE: Walk a toy: done, and proven", "run: none")
        assert at.world.sets == ["set robot off", "set a 1", "set b 1", "set robot on"]
        assert "DISARMED" not in at.text
        kinds = at.kinds()
        assert [kinds[0], *(kind for kind in kinds if kind.startswith("run"))] == [
            "arm",
            "run-begin",
            "run-end",
        ]
        begin = next(entry for entry in at.entries() if entry.kind == "run-begin")
        assert begin.body["why"] == "INC-7"
        assert begin.run == "0001"
        # What the run changed is not looked at only when its slowest question is due.
        await at.until(lambda: at.source.refreshed > 0)
        # How long it took stands beside what its plan says.
        await at.command("plan toy-walk")
        await at.seen("waiting for you not counted; here", "(the run before)")


async def test_leaving_a_question_or_mistyping_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.command("run toy-walk")
        await at.seen("Why?")
        await at.pilot.press("escape")
        await at.seen("left: nothing was done")
        await at.command("run toy-walk")
        await at.answer("Why?", "")
        await at.answer("Type y to start it", "")
        await at.seen("left: nothing was done")
        assert not list(at.state.glob("runs/*"))
        await at.begun()
        await at.pilot.press("c")
        await at.answer("Type y to begin", "Y")
        await at.seen("'Y' is not 'y'")
        await at.pilot.press("u")
        await at.answer("Type y to undo all of this", "")
        await at.seen("left: nothing was done", "WAITS before stage 1")
        assert at.world.sets == ["set robot off"]


async def test_no_single_key_changes_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        before = list(at.world.sets)
        printable = [character for character in map(chr, range(33, 127)) if character not in ":/q"]
        letters = [character for character in printable if character.isalpha()]
        for view, pressed in ((View(Kind.RUN, "0001"), printable), (View(Kind.PLAN, "toy-walk"), letters)):
            for key in [*pressed, "enter", "tab", "space", "ctrl+d", "ctrl+c"]:
                at.app.open(view)
                await at.pilot.press(key, "escape")
        await at.pilot.pause()
        assert at.world.sets == before
        assert at.acting.folder("0001") is not None


async def test_amber_lines_are_accepted_by_typing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch, World({**World().values, "sure": "no"})) as at:
        await at.armed()
        await at.command("run toy-walk")
        await at.seen("AMBER sure is yes: it is no (nobody is sure)")
        await at.answer("Type accept", "yes")
        await at.seen("not accepted: nothing was done")
        await at.command("run toy-walk")
        await at.answer("Type accept", "accept")
        await at.answer("Why?", " again")
        await at.answer("Type y to start it", "y")
        await at.seen("WAITS before stage 1")
        begin = next(entry for entry in at.entries() if entry.kind == "run-begin")
        assert begin.body["accepted"] == ["sure is yes"]
        assert begin.body["why"] == "INC-7 again"


async def test_a_platform_that_changes_while_one_types_is_looked_at_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.command("run toy-walk")
        await at.answer("Why?", "")
        await at.seen("Type y to start it")
        at.world.values["sure"] = "no"
        await at.answer("Type y to start it", "y")
        await at.seen("the preflight changed meanwhile")
        at.world.values.update(sure="yes", calm="no")
        await at.command("run toy-walk")
        await at.seen("REFUSED: a red line")
        assert at.world.sets == []


@pytest.mark.parametrize(
    ("key", "word"), [("u", "undo all of this"), ("a", "end it with everything as it is")]
)
async def test_a_gate_is_left_by_undoing_or_by_ending(
    monkeypatch: pytest.MonkeyPatch, key: str, word: str
) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        await at.pilot.press("c")
        await at.answer("Type y to begin", "y")
        await at.seen("WAITS before stage 2")
        await at.pilot.press(key)
        await at.answer(f"Type y to {word}", "y")
        await at.seen("run: none")
        undone = key == "u"
        assert at.world.values["a"] == ("0" if undone else "1")
        assert at.world.values["robot"] == "on"
        folder = at.acting.folder("0001")
        assert folder is not None
        await at.until(lambda: folder.result is not None)
        assert folder.result is not None
        assert folder.result.outcome is (Outcome.UNDONE if undone else Outcome.FAILED)


async def test_an_outcome_that_nobody_can_tell_names_what_settles_it(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch, World(silent={"b"})) as at:
        await at.begun()
        await at.pilot.press("c")
        await at.answer("Type y to begin", "y")
        await at.seen("WAITS before stage 2")
        await at.pilot.press("c")
        await at.answer("Type demote db1", "demote db1")
        await at.seen("UNSETTLED", "to settle it", "cannot tell whether")


async def test_a_step_that_fails_is_undone_and_said(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch, World(stuck={"b"})) as at:
        await at.begun()
        await at.pilot.press("c")
        await at.answer("Type y to begin", "y")
        await at.seen("WAITS before stage 2")
        await at.pilot.press("c")
        await at.answer("Type demote db1", "demote db1")
        await at.seen("refused by the server", "run: none")
        assert at.world.values == {**World().values}
