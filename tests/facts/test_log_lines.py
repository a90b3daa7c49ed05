"""Lines of logs: when, how bad, what; as recorded."""

from __future__ import annotations

from calendar import timegm
from pathlib import Path

import pytest

from saitotui.facts.log_lines import access, error, juli
from saitotui.model.health import Health
from saitotui.model.log import LogLine

FOLDER = Path(__file__).parents[1] / "recordings" / "application"


def lines(name: str) -> list[str]:
    return (FOLDER / name).read_text("utf-8").splitlines()


def test_an_access_log() -> None:
    for name in ("nginx-access.log.sample", "nginx-access.log.retried.sample"):
        found = [access(line, 0) for line in lines(name) if line.strip()]
        assert found
        assert None not in found
    retried = [access(line, 0) for line in lines("nginx-access.log.retried.sample")]
    assert Health.WARN in {one.health for one in retried if one is not None}


def test_what_stands_behind_a_question_mark_is_nobodys_business() -> None:
    line = (
        '1764387685.250 200 "GET /app/reset?token=S3cret&user=a HTTP/1.1" up=10.0.0.61:8080 us=200 rt=0.010'
    )
    found = access(line, 0)
    assert found == LogLine(
        1764387685.25,
        Health.OK,
        '200 "GET /app/reset?... HTTP/1.1" up=10.0.0.61:8080 us=200 rt=0.010',
    )
    common = (
        '10.1.1.1 - anna [29/Nov/2026:03:41:25 +0100] "GET /a?b=c HTTP/1.1" 502 12 "https://x/?q=1" "curl"'
    )
    again = access(common, 0)
    assert again is not None
    assert again.at == timegm((2026, 11, 29, 2, 41, 25))
    assert again.health is Health.CRIT
    assert again.text == '10.1.1.1 - anna "GET /a?... HTTP/1.1" 502 12 "https://x/?..." "curl"'


def test_an_error_log() -> None:
    found = [error(line, 3600) for line in lines("nginx-error.log.sample")]
    assert None not in found
    first = found[0]
    assert first is not None
    assert first.at == timegm((2026, 11, 23, 15, 2, 1))
    assert first.health is Health.CRIT
    assert first.text.startswith("[error] 8449#8449: *1096 connect() failed")
    assert {one.health for one in found if one} == {Health.CRIT, Health.WARN}


def test_a_tomcats_log() -> None:
    found = [juli(line, -7200) for line in lines("tomcat-cluster-start-failure.log")]
    first, bad = found[0], found[5]
    assert first is not None
    assert bad is not None
    assert first.at == pytest.approx(timegm((2026, 11, 23, 17, 41, 32)) + 0.888)
    assert (first.health, bad.health) == (Health.OK, Health.CRIT)
    assert bad.text == (
        "SEVERE [main] org.apache.catalina.ha.tcp.SimpleTcpCluster.startInternal Unable to start cluster."
    )
    assert found[6:30] == [None] * 24


@pytest.mark.parametrize("read", [access, error, juli])
@pytest.mark.parametrize(
    "line",
    [
        "",
        "tail: cannot open 'x' for reading: No such file or directory",
        "2026/13/40 99:99:99 [error] x",
        "40-Xyz-2026 15:41:32.888 INFO [main] x",
        "\tat java.base/java.lang.Thread.run(Thread.java:840)",
    ],
)
def test_what_begins_no_entry(read: object, line: str) -> None:
    assert callable(read)
    assert read(line, 0) is None
