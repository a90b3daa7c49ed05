"""The run's socket: everybody sees everything, one decides, and what is typed must be exact."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from saitotui.engine.runs.attach import Attachment, ToYou, attach
from saitotui.engine.runs.controls import Controls
from saitotui.engine.runs.folder import Request, RunFolder, create, unfinished
from saitotui.model.plan import Outcome
from saitotui.model.run import Decision, Kind, Result, RunEvent

REQUEST = Request("fsn1", "/p.yaml", "swap-db-master", {}, "ab" * 32, "anna@ops1", "drill", 1_768_446_000.0)


def event(seq: int, sentence: str = "something") -> RunEvent:
    return RunEvent(seq, 1_768_446_000.0 + seq, Kind.NOTE, sentence)


@pytest.fixture
def folder(tmp_path: Path) -> RunFolder:
    run = create(tmp_path, REQUEST, b"snapshot")
    run.take()
    return run


@pytest.fixture
async def controls(folder: RunFolder) -> AsyncIterator[tuple[Controls, list[str]]]:
    told: list[str] = []

    def tell(who: str, what: str) -> None:
        told.append(f"{who} {what}")
        if "lost" in what:
            served.publish(event(99))

    served = Controls([event(1), event(2)], tell)
    await served.serve(folder.socket)
    yield served, told
    await served.aclose()


async def attached(folder: RunFolder, who: str) -> tuple[Attachment, AsyncIterator[RunEvent | ToYou]]:
    attachment = await attach(folder, who)
    assert attachment is not None
    return attachment, attachment.events()


async def decided(controls: Controls, confirm: str, refuse: str = "") -> asyncio.Task[Decision]:
    task = asyncio.create_task(controls.decide(confirm, lambda: refuse))
    await asyncio.sleep(0)
    return task


async def test_who_comes_late_sees_everything_from_the_start_and_then_live(
    folder: RunFolder, controls: tuple[Controls, list[str]]
) -> None:
    served, _ = controls
    attachment, events = await attached(folder, "anna")
    assert [await anext(events), await anext(events)] == [event(1), event(2)]
    served.publish(event(3, "ü [/x] \x1b[31m"))
    assert await anext(events) == event(3, "ü [/x] \x1b[31m")
    await attachment.aclose()
    assert oct(folder.socket.stat().st_mode & 0o777) == "0o600"


async def test_only_the_holder_decides_and_must_type_it_exactly(
    folder: RunFolder, controls: tuple[Controls, list[str]]
) -> None:
    served, told = controls
    anna, to_anna = await attached(folder, "anna")
    eve, to_eve = await attached(folder, "eve")
    waiting = await decided(served, "demote db1")
    for stream in (to_anna, to_eve):
        await anext(stream), await anext(stream)
    await anna.say("take")
    assert await anext(to_anna) == ToYou({"holding": True})
    await eve.say("go", typed="demote db1")
    assert "take them first" in str(await anext(to_eve))
    await anna.say("go", typed="demote db2")
    assert await anext(to_anna) == ToYou({"refused": "to begin, type exactly: demote db1"})
    await anna.say("go", typed="demote db1")
    assert await waiting is Decision.GO
    assert told == ["anna took the controls", "anna decided: go (demote db1)"]
    await anna.aclose()
    await eve.aclose()


async def test_controls_are_handed_over_with_a_reason_and_lost_with_the_connection(
    folder: RunFolder, controls: tuple[Controls, list[str]]
) -> None:
    served, told = controls
    anna, to_anna = await attached(folder, "anna")
    bert, to_bert = await attached(folder, "bert")
    for stream in (to_anna, to_bert):
        await anext(stream), await anext(stream)
    await anna.say("take")
    await anext(to_anna)
    await bert.say("take")
    assert await anext(to_bert) == ToYou({"refused": "anna holds the controls: say why you take them over"})
    await bert.say("take", reason="end of shift")
    assert await anext(to_bert) == ToYou({"holding": True})
    assert await anext(to_anna) == ToYou({"note": "bert took the controls over: end of shift"})
    waiting = await decided(served, "")
    await bert.aclose()
    assert await anext(to_anna) == event(99)
    assert "bert lost the controls" in told[-1]
    assert not waiting.done()
    await anna.say("take")
    await anna.say("undo")
    assert await waiting is Decision.UNDO
    await anna.aclose()


async def test_a_stage_that_may_not_begin_says_why(
    folder: RunFolder, controls: tuple[Controls, list[str]]
) -> None:
    served, _ = controls
    anna, to_anna = await attached(folder, "anna")
    await anext(to_anna), await anext(to_anna)
    await anna.say("take")
    await anext(to_anna)
    waiting = await decided(served, "", refuse="a second person must approve this run first")
    await anna.say("go")
    assert await anext(to_anna) == ToYou({"refused": "a second person must approve this run first"})
    waiting.cancel()
    await anna.aclose()


@pytest.mark.parametrize(
    "line", [b"nonsense\n", b"[1]\n", b'{"do": 7}\n', b"\xff\xfe\n", b"x" * 100_000 + b"\n"]
)
async def test_nonsense_on_the_socket_disturbs_nobody(
    folder: RunFolder, controls: tuple[Controls, list[str]], line: bytes
) -> None:
    served, _ = controls
    _, writer = await asyncio.open_unix_connection(str(folder.socket))
    writer.write(line)
    await writer.drain()
    anna, to_anna = await attached(folder, "anna")
    await anext(to_anna), await anext(to_anna)
    served.publish(event(3))
    assert await anext(to_anna) == event(3)
    writer.close()
    await anna.aclose()


async def test_a_run_that_nothing_carries_is_not_waited_for(tmp_path: Path) -> None:
    run = create(tmp_path, REQUEST, b"")
    run.add(event(1))
    assert await attach(run, "anna") is None
    assert [found.name for found in unfinished(tmp_path)] == ["0001"]
    run.result = Result(Outcome.UNDONE, "undone")
    assert run.result == Result(Outcome.UNDONE, "undone")
    assert unfinished(tmp_path) == []


def test_a_folder_reads_back_what_was_written_and_forgives_a_torn_last_event(tmp_path: Path) -> None:
    first, second = create(tmp_path, REQUEST, b"one"), create(tmp_path, REQUEST, b"two")
    assert (first.name, second.name, second.snapshot) == ("0001", "0002", b"two")
    assert second.request == REQUEST
    second.add(event(1))
    with (second.path / "events.jsonl").open("a") as file:
        file.write(json.dumps({"seq": 2})[:5])
    assert list(second.events()) == [event(1)]
    (first.path / "request.json").write_text("{}")
    with pytest.raises(ValueError, match="is not the folder of a run"):
        _ = first.request


async def test_a_state_folder_far_down_can_be_attached_to(tmp_path: Path) -> None:
    """The address of a UNIX socket holds 107 bytes; home directories may be longer."""
    run = create(tmp_path / ("deep/" * 30), REQUEST, b"snapshot")
    run.take()
    served = Controls([event(1)], lambda who, what: None)
    await served.serve(run.socket)
    anna, to_anna = await attached(run, "anna")
    assert await anext(to_anna) == event(1)
    assert oct(run.socket.stat().st_mode & 0o777) == "0o600"
    await anna.aclose()
    await served.aclose()
