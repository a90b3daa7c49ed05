"""The same console on Tomcat 9 and 11: it sees them, deploys beside what runs, looks into a heap."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.deployments import all_have, deploying, end_runs, stop_waiting, versions, visited
from tests.lab.platform import VERSION, Lab
from tests.lab.subnet import Subnet
from tests.lab.swaps import saitotui, walk
from tests.lab.tomcats import release

pytestmark = pytest.mark.lab


@pytest.fixture(scope="module", params=[9, 11])
def tomcats(request: pytest.FixtureRequest, privileged: None) -> Iterator[tuple[int, Lab]]:
    """The platform with that release of Tomcat; skipped where it cannot be had."""
    found = release(request.param)
    if isinstance(found, str):
        pytest.skip(f"Tomcat {request.param} could not be unpacked from Debian: {found}")
    with tempfile.TemporaryDirectory(prefix="saitotui-tomcat-") as name, Subnet() as subnet:
        folder = Path(name)
        folder.chmod(0o755)
        with Lab(folder, subnet, found) as lab:
            yield request.param, lab


def test_it_is_seen_deployed_to_and_looked_into(tomcats: tuple[int, Lab], tmp_path: Path) -> None:
    number, lab = tomcats
    seen = saitotui(lab, tmp_path, "status", "--json")
    assert seen.returncode == 0, seen.stdout + seen.stderr
    assert f"Apache Tomcat/{number}." in lab.tomcats["tc1"].manager("/text/serverinfo")
    try:
        with visited(lab) as told:
            run = deploying(lab, tmp_path, lab.wars.build("002"), "-p", "soak=0")
            said = stop_waiting(lab, tmp_path, "0001", run)
            assert all_have(lab, VERSION, "002"), said
            walk(lab, tmp_path, "roll-back-app-version")
            assert all_have(lab, VERSION), versions(lab)
            walk(lab, tmp_path, "examine-tomcat", "-p", "node=tc2")
    finally:
        end_runs(tmp_path)
    assert told["failed"] == []
    assert told["lost"] == []
    assert {version for _, version in told["new"]} == {VERSION, "002"}
    (heap,) = tmp_path.glob("*/*/evidence/tc2-heap-*.txt")
    assert "org.apache.catalina." in heap.read_text("utf-8")
