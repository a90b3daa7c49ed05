"""What is recorded is what was seen: the same pictures come back, whatever happened to the file."""

from __future__ import annotations

import os
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.scenes import START, settled

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine import recording, replay
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, ask_lane, lanes
from saitotui.engine.recording import Recorder
from saitotui.engine.registry import Platform, platform
from saitotui.engine.replay import Replay, frames, profile_in, segments
from saitotui.model.picture import Picture
from saitotui.simulator.simulation import Simulation

LOOKS = 30
EVERY = 4.0


_live: list[tuple[Platform, list[Picture], str]] = []


async def live() -> tuple[Platform, list[Picture], str]:
    """A platform whose master stops and comes back, as it was seen (once a process); its profile's text."""
    if _live:
        return _live[0]
    with tempfile.TemporaryDirectory(prefix="saitotui-seen-") as folder:
        async with Simulation(Path(folder) / "sim", "healthy", frozen=True, start_at=START) as simulation:
            there = platform(load_profile(simulation.profile_path))
            hub, memory, clock = Hub(there.profile), Memory(), simulation.world.clock.now
            every = list(lanes(there.questions.values()).values())
            pictures: list[Picture] = []
            try:
                for number in range(LOOKS):
                    if number == 8:
                        simulation.world.inject("service-stop", "db1/mariadb")
                    if number == 20:
                        simulation.world.heal()
                    # Slow questions, and answers that come between two pictures.
                    for at, lane in enumerate(every):
                        for _ in range((number + at) % 3):
                            memory.keep(await ask_lane(hub, lane, clock))
                    before = pictures[-1] if pictures else None
                    pictures.append(judge(there, settled(memory.snapshot(clock())), before))
                    simulation.advance(EVERY)
            finally:
                await hub.aclose()
            _live.append((there, pictures, simulation.profile_path.read_text("utf-8")))
    return _live[0]


async def seen(
    folder: Path, most_bytes: int = recording.MOST_BYTES, share: float = 0
) -> tuple[Platform, list[Picture], Recorder]:
    """That, recorded in `folder`/seen."""
    there, pictures, text = await live()
    recorder = Recorder(folder / "seen", text, most_bytes=most_bytes, share=share)
    for picture in pictures:
        recorder.write(picture.snapshot, every=0)
    recorder.close()
    return there, pictures, recorder


async def test_the_same_pictures_come_back(tmp_path: Path) -> None:
    there, pictures, _ = await seen(tmp_path)
    back = Replay(there, tmp_path / "seen")
    assert back.begins == pictures[0].at
    for shot in pictures[::4]:
        back.seek(shot.at + 0.5)
        found = back.picture
        assert found is not None
        for part in ("at", "tiers", "findings", "events", "history", "since"):
            assert getattr(found, part) == getattr(shot, part), part
    assert len({len(picture.findings) for picture in pictures}) > 2


async def test_steps_go_through_all_of_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Over the ends of segments, too, and stop at its own."""
    monkeypatch.setattr(recording, "SEGMENT", 7 * EVERY)
    there, pictures, _ = await seen(tmp_path)
    assert len(segments(tmp_path / "seen")) == 5
    back, moments = Replay(there, tmp_path / "seen"), [picture.at for picture in pictures]
    back.start()
    walked = [shown(back)]
    while back.step(1):
        walked.append(shown(back))
    assert walked == moments
    assert not back.step(1)
    while back.step(-1):
        walked.pop()
        assert shown(back) == walked[-1]
    assert walked == moments[:1]
    for shot in pictures[::5]:
        back.seek(shot.at)
        assert back.picture is not None
        assert back.picture.findings == shot.findings


def shown(back: Replay) -> float:
    assert back.picture is not None
    return back.picture.at


async def test_a_recording_that_was_cut_off(tmp_path: Path) -> None:
    """Whatever a crash leaves: all frames but the one that was being written."""
    there, pictures, _ = await seen(tmp_path)
    (segment,) = segments(tmp_path / "seen")
    content = segment.file.read_bytes()
    for size in (len(content) - 10, len(content) * 2 // 3, len(content) // 3):
        segment.file.write_bytes(content[:size])
        back = Replay(there, segment.file)
        back.seek(START + 10_000)
        kept = len(list(frames(segment.file)))
        assert 0 < kept < len(pictures) or size == len(content) - 10
        assert shown(back) == pictures[kept - 1].at


async def test_it_stays_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest segments go; the file that is written now stays."""
    monkeypatch.setattr(recording, "SEGMENT", 3 * EVERY)
    there, pictures, _ = await seen(tmp_path, most_bytes=250_000)
    kept = sum(segment.file.stat().st_size for segment in segments(tmp_path / "seen"))
    assert kept < 400_000
    back = Replay(there, tmp_path / "seen")
    assert back.begins > pictures[0].at
    back.seek(START + 10_000)
    assert shown(back) == pictures[-1].at


async def test_only_its_owner_may_read_it(tmp_path: Path) -> None:
    await seen(tmp_path)
    (segment,) = segments(tmp_path / "seen")
    assert (tmp_path / "seen").stat().st_mode & 0o777 == 0o700
    assert segment.file.stat().st_mode & 0o777 == 0o600
    assert "hosts:" in profile_in(segment.file)


def pieces(content: bytes) -> Sequence[bytes]:
    packed = zlib.compress(b'{"v":1,"at":1.0}\n', wbits=recording.GZIP)
    return (b"", b"no gzip", packed[:8], zlib.compress(content, wbits=recording.GZIP))


@pytest.mark.parametrize(
    "content",
    [b"[]\n", b"1\n", b'{"v":2,"at":1}\n', b'{"at":"x"}\n', b"{\n",
     b'{"v":1,"at":1.0,"again":{"x":[1,2]}}\n',
     b'{"v":1,"at":1.0,"new":{"hosts/db1/facts":3}}\n'],
)  # fmt: skip
async def test_what_is_no_recording_says_so(tmp_path: Path, content: bytes) -> None:
    there, _, _ = await live()
    for number, text in enumerate(pieces(content)):
        file = tmp_path / f"{number}.seen"
        file.write_bytes(text)
        with pytest.raises(ValueError, match=r"no recording|cannot be read|has no|\.seen: "):
            Replay(there, file).seek(5.0)
    with pytest.raises(ValueError, match="no recording here"):
        Replay(there, tmp_path / "nothing")


async def test_a_disk_that_refuses_stops_the_recording_only(tmp_path: Path) -> None:
    (tmp_path / "seen").write_text("a file, not a folder")
    _, pictures, recorder = await seen(tmp_path)
    assert len(pictures) == LOOKS
    assert "not recorded any more" in recorder.failed


async def test_a_large_platform_is_recorded_less_often(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a frame costs decides when the next one comes."""
    await seen(tmp_path, share=1e9)
    (segment,) = segments(tmp_path / "seen")
    assert len(list(frames(segment.file))) == 1
    assert os.listdir(tmp_path / "seen") == [segment.file.name]


async def test_only_so_many_frames_are_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "BEFORE", 5)
    there, pictures, _ = await seen(tmp_path)
    back = Replay(there, tmp_path / "seen")
    back.seek(pictures[-1].at)
    assert back.picture is not None
    assert back.picture.findings == pictures[-1].findings
    assert max(len(values) for values in back.picture.history.values()) == 5
