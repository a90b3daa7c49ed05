"""The programs of a simulated Proxmox node print what the real ones were recorded printing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from saitotui.simulator.pve_membership import Membership
from saitotui.simulator.pve_tools import Tools


def tools_of(bench: Any, node: str) -> Tools:
    return Tools(bench.cluster, node, Membership(bench.cluster, {}))


def recorded(path: Path) -> tuple[list[str], int, str]:
    """The command, its exit status, what it printed on both channels."""
    head, *rest = path.read_text().split("\n", 1)
    out, _, tail = rest[0].partition("[exit code ")
    code, _, stderr = tail.partition("]\n")
    return head.removeprefix("$ ").split(), int(code), out + stderr.removeprefix("[stderr]\n")


def masked(text: str) -> str:
    """Without what differs from run to run: dates, ring ids, kernels, process numbers."""
    text = re.sub(r"\w{3} \w{3} [ \d]\d [\d:]{8} \d{4}", "DATE", text)
    text = re.sub(r"Ring ID:\s+\S+", "RING", text)
    return re.sub(r"\(running kernel: [^)]*\)", "KERNEL", text).rstrip()


@pytest.mark.parametrize(
    "name",
    ["pvecm_status", "pvecm_nodes", "corosync_quorumtool", "pveversion", "qm_status_missing", "ha_maint",
     "ha_maint_bad", "ha_add_dup"],
)  # fmt: skip
def test_prints_what_was_recorded(bench: Any, recordings: Path, name: str) -> None:
    command, code, text = recorded(recordings / "cli" / f"{name}.txt")
    ours, printed = tools_of(bench, "pve1").programs[command[0]](command[1:])
    assert (ours, masked(printed)) == (code, masked(text))


def test_links_of_a_node(bench: Any, recordings: Path) -> None:
    _, _, text = recorded(recordings / "cli" / "corosync_cfgtool.txt")
    code, printed = tools_of(bench, "pve1").cfgtool(["-s"])
    assert code == 0
    first, second = printed.split("LINK ID 1 udp\n")
    assert first == text, "the first of our two links is the recorded one"
    assert "10.84.255.11" in second
    bench.cluster.dead_links.add(("pve3", 1))
    down = tools_of(bench, "pve1").cfgtool(["-s"])[1].split("LINK ID 1 udp\n")
    assert down[0] == text
    assert re.search(r"nodeid:\s+3:\tdisconnected", down[1])


def test_without_quorum(bench: Any, recordings: Path) -> None:
    bench.machines.cut.add("pve1")
    bench.machines.run(20)
    code, printed = tools_of(bench, "pve1").pvecm(["status"])
    assert code == 0
    assert masked(printed) == masked((recordings / "cli" / "pvecm-status-noquorum.txt").read_text())


def test_corosync_down(bench: Any) -> None:
    bench.machines.power_off("pve3")
    assert tools_of(bench, "pve3").quorumtool(["-s"]) == (1, "Cannot initialize QUORUM service\n")


def test_qm(bench: Any, recordings: Path) -> None:
    tools = tools_of(bench, "pve1")
    _, _, text = recorded(recordings / "cli" / "qm_list.txt")
    assert tools.qm(["list"])[1].splitlines()[0].split() == text.splitlines()[0].split()
    assert tools.qm(["status", "110"]) == (0, "status: running\n")
    assert tools.qm(["start", "110"]) == (255, "VM 110 already running\n")
    assert tools.qm(["stop", "110"])[0] == 0
    bench.machines.run(5)
    assert tools.qm(["status", "110"]) == (0, "status: stopped\n")
    assert tools.qm(["start", "100"])[1] == "Requesting HA start for VM 100\n"


def test_ha_manager_status(bench: Any, recordings: Path) -> None:
    _, _, text = recorded(recordings / "cli" / "ha_status.txt")
    code, printed = tools_of(bench, "pve1").ha_manager(["status"])
    assert code == 0
    words = [line.split()[0] for line in text.splitlines()]
    assert list(dict.fromkeys(line.split()[0] for line in printed.splitlines())) == list(dict.fromkeys(words))
    assert "service vm:102 (pve3, started)" in printed
