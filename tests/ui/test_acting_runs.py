"""Runs that others hold, that were left behind, or that need a second person."""

from __future__ import annotations

import subprocess
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.ui.acting_world import Stand, left_behind, stand

from saitotui.engine.runs.attach import Attachment, ToYou, attach
from saitotui.engine.runs.folder import RunFolder
from saitotui.model.profile import Profile
from saitotui.model.run import RunEvent
from saitotui.ui.views import Kind, View

pytestmark = pytest.mark.usefixtures("place")


def run_of(at: Stand) -> RunFolder:
    folder = at.acting.folder("0001")
    assert folder is not None
    return folder


async def colleague(at: Stand) -> tuple[Attachment, AsyncIterator[RunEvent | ToYou]]:
    """Eve, attached to the run from another console."""
    eve = await attach(run_of(at), "eve@ops2")
    assert eve is not None
    return eve, eve.events()


async def test_the_controls_are_handed_over_with_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        eve, _ = await colleague(at)
        await eve.say("take", reason="anna is cut off")
        await at.seen("eve@ops2 took the controls over: anna is cut off", "eve@ops2 has them")
        await at.pilot.press("c")
        await at.seen("the controls are not yours: t takes them")
        assert "Type" not in at.text.splitlines()[-1]
        await at.pilot.press("t")
        await at.answer("eve@ops2 holds the controls. Why do you take them?", "")
        await at.seen("left: nothing was done", "eve@ops2 has them")
        await at.pilot.press("t")
        await at.answer("Why do you take them?", "back again")
        await at.seen("controls yours")
        control = [entry.body["what"] for entry in at.entries() if entry.kind == "control"]
        assert control[-1] == "took the controls: back again"
        await eve.aclose()


async def test_free_controls_are_given_and_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        await at.command("release")
        await at.seen("the controls are free", "nobody's")
        await at.pilot.press("t")
        await at.seen("controls yours")


async def test_who_disarms_holds_nothing_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        await at.command("disarm")
        await at.seen("the controls of run 0001 are given back", "READ-ONLY", "nobody's")
        for key in "cuat":
            await at.pilot.press(key)
            await at.seen("this console is read-only")
        assert at.world.sets == ["set robot off"]


async def test_a_wait_is_stopped_and_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch) as at:
        await at.armed()
        await at.command("run toy-walk mood=patient")
        await at.answer("Why?", "")
        await at.answer("Type y to start it", "y")
        await at.seen("WAITS before stage 1", "yours")
        await at.pilot.press("w")
        await at.seen("the run waits for nothing that can be stopped now")
        await at.pilot.press("c")
        await at.answer("Type y to begin", "y")
        await at.seen("WAITS before stage 2")
        await at.pilot.press("c")
        await at.seen("b is not set yet", "w stop waiting")
        await at.pilot.press("w")
        await at.answer("Type y to stop the wait", "")
        await at.seen("left: nothing was done", "b is not set yet")
        await at.pilot.press("w")
        await at.answer("Type y to stop the wait", "y")
        await at.seen("stopped the wait: b is not set yet")
        await at.pilot.press("c")
        await at.seen("w stop waiting")
        at.world.values["b"] = "1"
        await at.seen("Walk a toy: done, and proven")
        control = [entry.body["what"] for entry in at.entries() if entry.kind == "control"]
        assert "stopped the wait" in control


async def test_leaving_the_console_leaves_the_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with stand(monkeypatch) as at:
        await at.begun()
        await at.pilot.press("q")
    assert "run 0001 goes on without it: saitotui attach 0001" in capsys.readouterr().err
    told = [event.sentence for event in run_of(at).events()]
    assert any("lost the controls" in sentence for sentence in told)
    assert run_of(at).result is None
    assert at.world.sets == ["set robot off"]


async def test_a_parked_run_is_announced_and_gone_on_with(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch, before=left_behind) as at:
        await at.seen(
            "run 0001: left behind", "run 0001 needs somebody (left behind)", "Under way", ":attach 0001"
        )
        await at.command("attach")
        assert at.app.view == View(Kind.RUN, "0001")
        await at.seen("LEFT BEHIND", "INC-6", ":resume goes on", "Set a first")
        await at.pilot.press("c")
        await at.seen("nothing carries it: :resume")
        await at.command("resume")
        await at.seen("this console is read-only")
        await at.armed()
        await at.command("resume 1")
        await at.answer("Every goal is asked again first", "y")
        await at.seen("WAITS before stage 1", "yours")
        assert "run-resume" in at.kinds()
        await at.command("resume 1")
        await at.seen("only a run that was left behind is resumed")


async def test_ended_runs_stay_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    async with stand(monkeypatch, size=(120, 40)) as at:
        await at.begun()
        await at.pilot.press("a")
        await at.answer("Type y to end it", "y")
        await at.seen("REFUSED", "nothing was done")
        await at.pilot.press("r")
        await at.pilot.press("G")
        await at.seen("Ended", "toy-walk")
        assert at.app.key == "run 0001"
        await at.pilot.press("0")
        await at.command("attach 1")
        await at.seen("INC-7", "What it says", "newest first", "Set b then")
        await at.command("attach 77")
        await at.seen("there is no run 0077")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    """A folder with a key, and an allowed_signers file that knows it as that of the one who runs this."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "key")], check=True, timeout=20
    )
    return tmp_path


async def test_a_second_person_approves_with_their_own_key(
    monkeypatch: pytest.MonkeyPatch, keys: Path
) -> None:
    public = " ".join((keys / "key.pub").read_text(encoding="utf-8").split()[:2])
    (keys / "signers").write_text(f"eve@ops2 {public}\n", encoding="utf-8")

    def strict(profile: Profile) -> Profile:
        acting = replace(
            profile.acting,
            second_person=("toy-walk",),
            allowed_signers=str(keys / "signers"),
            signing_key=str(keys / "key"),
            witnesses=(),
        )
        return replace(profile, acting=acting)

    async with stand(monkeypatch, profile=strict) as at:
        await at.begun()
        await at.seen("second person: :approve")
        await at.pilot.press("c")
        await at.answer("Type y to begin", "y")
        await at.seen("a second person must approve this run first")
        await at.command("approve 1")
        await at.answer("Type y to sign it", "y")
        await at.seen("approved by a second person, not by the one who asked for it")
        monkeypatch.setattr("saitotui.ui.acting.actor", lambda: "eve@ops2")
        await at.command("approve 1")
        await at.answer("Type y to sign it", "y")
        await at.seen("run 0001 is approved")
        assert "approval" in at.kinds()
        await at.pilot.press("c")
        await at.answer("Type y to begin", "y")
        await at.seen("WAITS before stage 2")
