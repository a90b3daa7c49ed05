"""The lab leaves nothing behind, however it ends."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from tests.lab.host import Machine, wait_for

pytestmark = pytest.mark.lab

_CHILD = """
import sys, time
from pathlib import Path
from tests.lab.host import Machine
machine = Machine("m1", "127.0.0.1", Path(sys.argv[1]))
machine.power_on()
print(machine.start("sleeper", ["sleep", "600"]).pid, flush=True)
time.sleep(600)
"""


def _gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


@pytest.mark.usefixtures("privileged")
def test_a_power_cut_ends_everything_on_a_machine(tmp_path: Path) -> None:
    machine = Machine("m1", "127.0.0.1", tmp_path)
    machine.power_on()
    pids = [machine.start(name, ["sleep", "600"]).pid for name in ("a", "b")]
    machine.power_off()
    for pid in pids:
        wait_for(f"{pid} to be gone", partial(_gone, pid))


@pytest.mark.usefixtures("privileged")
def test_a_machine_sees_its_own_processes_only(tmp_path: Path) -> None:
    machines = [Machine(name, "127.0.0.1", tmp_path) for name in ("m1", "m2")]
    for machine in machines:
        machine.power_on()
    try:
        machines[0].start("sleeper", ["sleep", "601"])
        assert [machine.run("pgrep", "-f", "^sleep 601$") for machine in machines] == [0, 1]
    finally:
        for machine in machines:
            machine.power_off()


@pytest.mark.usefixtures("privileged")
def test_machines_die_with_the_test_run(tmp_path: Path) -> None:
    run = subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    )
    assert run.stdout is not None
    pid = int(run.stdout.readline())
    assert not _gone(pid)
    run.kill()
    run.wait()
    run.stdout.close()
    wait_for("everything to die with the run", lambda: _gone(pid))
