"""nginx's status and access log, as recorded on nginx 1.22, and as other people format theirs."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from saitotui.facts.nginx import StubStatus, stub_status
from saitotui.facts.nginx_log import TAIL_BYTES, Request, Try, access_log, ask_log
from saitotui.facts.process import Process, ask_processes, processes
from saitotui.model.command import Answer, Unparsable

RECORDINGS = Path(__file__).parents[1] / "recordings" / "application"
STATUS = (RECORDINGS / "nginx-stub_status.txt").read_text()
LOG = (RECORDINGS / "nginx-access.log.sample").read_text()
RETRIED = (RECORDINGS / "nginx-access.log.retried.sample").read_text()
CLOCK = "1795450084\n"


def requests(text: str, clock: str = CLOCK) -> tuple[Request, ...]:
    """What is read of the end of a log."""
    return access_log(Answer(clock + text)).requests


def test_status() -> None:
    found = stub_status(Answer(STATUS, 200))
    assert found == StubStatus(9, 939, 939, 70238, 0, 1, 8)
    assert found.dropped == 0
    assert stub_status(Answer(STATUS.replace(" 939 939 ", " 939 900 "), 200)).dropped == 39


@pytest.mark.parametrize(
    ("text", "status"),
    [(STATUS, 403), ("", 200), ("<html>404</html>", 200), (STATUS[:60], 200), (STATUS + "more", 200)],
)
def test_no_status(text: str, status: int) -> None:
    with pytest.raises(Unparsable):
        stub_status(Answer(text, status))


def test_log() -> None:
    found = requests(LOG)
    assert len(found) == len(LOG.splitlines()) == 50
    assert found[0] == Request(1795450082.550, 200, "/app/v", (Try("127.82.0.21:8080", 200),), 0.002)
    assert {request.status for request in found} == {200}


def test_log_of_retried_requests() -> None:
    found = requests(RETRIED)
    assert len(found) == 12
    assert all(request.status == 200 and len(request.tries) == 2 for request in found)
    assert found[0].tries == (Try("127.82.0.22:8080", 502), Try("127.82.0.23:8080", 200))


COMBINED = (
    '10.0.0.9 - bob [23/Nov/2026:16:02:01 +0100] "GET /a?token=s3cret HTTP/1.1" 502 157 '
    '"http://x/?a=b" "Mozilla/5.0"'
)


def test_recent_is_told_by_the_hosts_own_clock() -> None:
    log = access_log(Answer("1795450113\n" + LOG))
    assert 0 < len(log.recent(30)) < 50
    assert len(log.recent(31)) == 50
    assert log.recent(5) == ()


def test_combined_format() -> None:
    assert requests(COMBINED + "\n") == (Request(1795446121.0, 502, "/a"),)


def test_combined_format_with_upstream_fields() -> None:
    line = COMBINED + ' rt=1.204 uct="0.001" up="10.0.0.61:8080 : 10.0.0.62:8080" us="504 : -"\n'
    (found,) = requests(line)
    assert found.tries == (Try("10.0.0.61:8080", 504), Try("10.0.0.62:8080", 0))
    assert found.seconds == 1.204


def test_visitors_cannot_forge_fields() -> None:
    """nginx writes a quote in a request as \\x22, so what a visitor sends stays inside the quotes."""
    forged = r'"GET /x\x22 up=6.6.6.6:1 us=500 rt=9.999 HTTP/1.1"'
    line = f"1795450082.550 200 {forged} up=10.0.0.1:8080 us=200 rt=0.001"
    (found,) = requests(line)
    assert found.tries == (Try("10.0.0.1:8080", 200),)
    assert found.seconds == 0.001


def test_cut_and_strange_lines_are_left_out() -> None:
    whole = LOG.splitlines()
    mixed = "\n".join([whole[0][30:], "\x1b[2Jrubbish", *whole[1:3], "x" * 200_000])
    assert len(requests(mixed)) == 2
    assert requests("") == ()


def test_unreadable_logs() -> None:
    with pytest.raises(Unparsable, match="cannot be read"):
        access_log(
            Answer(
                CLOCK + "tail: cannot open '/var/log/nginx/access.log' for reading: Permission denied\n", 1
            )
        )
    with pytest.raises(Unparsable, match="no line"):
        requests('{"json": 1}\n{"json": 2}\n')
    with pytest.raises(Unparsable, match="what time"):
        requests(LOG, clock="")


@pytest.mark.skipif(shutil.which("tail") is None, reason="needs tail")
def test_the_command_itself(tmp_path: Path) -> None:
    """A name that needs quoting, and a log longer than what is asked for."""
    log = tmp_path / "-a b'c.log"
    log.write_text(LOG * 20)
    said = subprocess.run(["sh", "-c", ask_log(str(log))], capture_output=True, text=True, check=True).stdout
    assert len(said.partition("\n")[2]) == TAIL_BYTES
    found = access_log(Answer(said))
    assert found.requests[-1] == requests(LOG)[-1]
    assert found.now > 1_700_000_000


def test_processes() -> None:
    assert ask_processes("java", "jsvc") == "ps -o pid=,etimes=,comm= -C java,jsvc"
    assert processes(Answer("", 1)) == ()
    assert processes(Answer("    811      42 nginx\n    810    4711 nginx\n")) == (
        Process(810, 4711.0, "nginx"),
        Process(811, 42.0, "nginx"),
    )
    for answer in (Answer("", 0), Answer("sh: ps: not found", 127), Answer("error: list of jobs", 1)):
        with pytest.raises(Unparsable):
            processes(answer)
    with pytest.raises(ValueError, match="not names"):
        ask_processes("java; reboot")


@settings(max_examples=200, deadline=None)
@given(text=st.text(max_size=400), place=st.integers(0, 5000), status=st.sampled_from([0, 1, 200, 500]))
@example(text='"' * 5000, place=0, status=0)
@example(text=" a=" * 5000, place=3000, status=0)
def test_mutated_answers(text: str, place: int, status: int) -> None:
    """Every answer is read or Unparsable, and what is read is harmless."""
    for parse, recorded in (
        (access_log, CLOCK + LOG),
        (access_log, CLOCK + COMBINED),
        (stub_status, STATUS),
        (processes, "1 2 nginx\n"),
    ):
        cut = place % (len(recorded) + 1)
        try:
            found = parse(Answer(recorded[:cut] + text + recorded[cut:], status))
        except Unparsable:
            continue
        assert "\x1b" not in repr(found)
