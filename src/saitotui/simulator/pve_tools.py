"""The command-line programs of a Proxmox VE node, with the formats recorded from 9.2 over SSH.

Each returns the exit status and what it prints. Faithful to the recordings also where they are odd: failures
exit 255, a missing guest 2.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from saitotui.simulator.pve_access import Account
from saitotui.simulator.pve_acts import Acts, PveError
from saitotui.simulator.pve_answers import VERSION, Answers, stamp
from saitotui.simulator.pve_book import GuestConfig
from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_membership import Membership
from saitotui.simulator.pve_node_answers import KERNEL, NodeAnswers

Printed = tuple[int, str]
ROOT = Account("root@pam")
NO_CONFIG = (
    "Error: Corosync config '/etc/pve/corosync.conf' does not exist - is this node part of a cluster?\n"
)


class Tools:
    """The programs on node `here`."""

    def __init__(self, cluster: PveCluster, here: str, members: Membership) -> None:
        self.cluster, self.here = cluster, here
        self._members = members
        self.programs: dict[str, Callable[[Sequence[str]], Printed]] = {
            "corosync-quorumtool": self.quorumtool,
            "corosync-cfgtool": self.cfgtool,
            "pvecm": self.pvecm,
            "qm": self.qm,
            "ha-manager": self.ha_manager,
            "pveversion": self.pveversion,
            "pct": lambda arguments: (0, ""),
        }

    @property
    def _answers(self) -> Answers:
        return Answers(self.cluster, self.here)

    def _up(self) -> bool:
        return self.cluster.member(self.here) and self.cluster.running(self.here)

    def quorumtool(self, arguments: Sequence[str]) -> Printed:
        if not self._up():
            return 1, "Cannot initialize QUORUM service\n"
        return 0, self._quorum(f"{self.cluster.corosync.id(self.here)}") + self._membership(names=True)

    def pvecm(self, arguments: Sequence[str]) -> Printed:
        match list(arguments):
            case ["status"] if not self.cluster.member(self.here):
                return 255, NO_CONFIG
            case ["status"]:
                if not self._up():
                    return (
                        255,
                        "ipcc_send_rec[1] failed: Connection refused\nUnable to load access control list\n",
                    )
                quorum = self._quorum(f"0x{self.cluster.corosync.id(self.here):08x}")
                return 0, self._cluster() + quorum + self._membership(names=False)
            case ["nodes"]:
                return 0, "\n" + self._membership(names=True)
            case ["create", name, *_]:
                return self._members.create(self.here, name)
            case ["add", address, *_]:
                return self._members.join(self.here, address)
            case ["delnode", node]:
                return self._members.delete(self.here, node)
        return 255, "ERROR: unknown command 'pvecm " + " ".join(arguments) + "'\n"

    def _cluster(self) -> str:
        return (
            "Cluster information\n-------------------\n"
            f"Name:             {self.cluster.name}\n"
            f"Config Version:   {self.cluster.corosync.version}\nTransport:        knet\n"
            "Secure auth:      on\n\n"
        )

    def _quorum(self, id: str) -> str:
        corosync = self.cluster.corosync
        members = corosync.members(self.here)
        quorate = self.cluster.quorate(self.here)
        lines = {
            "Date:": stamp(self.cluster.fabric.now()),
            "Quorum provider:": "corosync_votequorum",
            "Nodes:": f"{len(members)}",
            "Node ID:": id,
            "Ring ID:": f"{min(corosync.id(node) for node in members)}.{corosync.ring:x}",
            "Quorate:": "Yes" if quorate else "No",
        }
        votes = {
            "Expected votes:": f"{len(corosync.nodes)}",
            "Highest expected:": f"{len(corosync.nodes)}",
            "Total votes:": f"{len(members)}",
            "Quorum:": f"{corosync.needed} {' ' if quorate else 'Activity blocked'}",
            "Flags:": "Quorate " if quorate else "",
        }
        return (
            "Quorum information\n------------------\n"
            + "".join(f"{name:18}{value}\n" for name, value in lines.items())
            + "\nVotequorum information\n----------------------\n"
            + "".join(f"{name:18}{value}\n" for name, value in votes.items())
            + "\n"
        )

    def _membership(self, names: bool) -> str:
        corosync = self.cluster.corosync
        lines = ["Membership information", "----------------------", "    Nodeid      Votes Name"]
        for node in corosync.members(self.here):
            number = corosync.id(node)
            local = " (local)" if node == self.here else ""
            if names:
                lines.append(f"{number:10}          1 {node}{local}")
            else:
                lines.append(f"0x{number:08x}          1 {self.cluster.nodes[node].address}{local}")
        return "\n".join(lines) + "\n"

    def cfgtool(self, arguments: Sequence[str]) -> Printed:
        if not self._up():
            return 1, "Could not initialize corosync configuration API error CS_ERR_LIBRARY\n"
        corosync = self.cluster.corosync
        lines = [f"Local node ID {corosync.id(self.here)}, transport knet"]
        for link, address in enumerate(self.cluster.link_addresses(self.here)):
            lines += [f"LINK ID {link} udp", f"\taddr\t= {address}", "\tstatus:"]
            for node in corosync.nodes:
                down = (self.here, link) in self.cluster.dead_links or (node, link) in self.cluster.dead_links
                up = corosync.linked(self.here, node) and not down
                state = "localhost" if node == self.here else "connected" if up else "disconnected"
                lines.append(f"\t\tnodeid:{corosync.id(node):11}:\t{state}")
        return 0, "\n".join(lines) + "\n"

    def pveversion(self, arguments: Sequence[str]) -> Printed:
        version = f"pve-manager/{VERSION['version']}/{VERSION['repoid']}"
        return 0, f"{version} (running kernel: {KERNEL})\n"

    def qm(self, arguments: Sequence[str]) -> Printed:
        match list(arguments):
            case ["list"]:
                return 0, self._list()
            case ["status", vmid]:
                guest = NodeAnswers(self.cluster, self.here).mine(int(vmid)) if vmid.isdigit() else None
                if guest is None:
                    return 2, self._no_such(vmid)
                running = self.cluster.guests.running(guest.vmid, self.here)
                return 0, f"status: {'running' if running else 'stopped'}\n"
            case [("start" | "stop" | "shutdown") as act, vmid]:
                return self._power(act, vmid)
            case ["migrate", vmid, target, *options]:
                online = "--online" in options
                return self._try(lambda: self._acts.migrate(self._guest(vmid), target, online, ROOT))
        return 255, "ERROR: unknown command 'qm " + " ".join(arguments) + "'\n"

    @property
    def _acts(self) -> Acts:
        return Acts(self.cluster, self.here)

    def _no_such(self, vmid: str) -> str:
        return f"Configuration file 'nodes/{self.here}/qemu-server/{vmid}.conf' does not exist\n"

    def _guest(self, vmid: str) -> GuestConfig:
        guest = NodeAnswers(self.cluster, self.here).mine(int(vmid)) if vmid.isdigit() else None
        if guest is None:
            raise PveError(self._no_such(vmid).rstrip())
        return guest

    def _list(self) -> str:
        lines = [f"{'VMID':>10} {'NAME':20} {'STATUS':10} {'MEM(MB)':10} {'BOOTDISK(GB)':>12} {'PID':10}"]
        for entry in NodeAnswers(self.cluster, self.here).guests(full=True):
            memory, disk = entry["maxmem"] >> 20, entry["maxdisk"] / (1 << 30)
            pid = entry.get("pid", 0)
            name = f"{entry['vmid']:>10} {entry['name']:20} {entry['status']:10}"
            lines.append(f"{name} {memory:<10} {disk:>12.2f} {pid:<10}")
        return "\n".join(lines) + "\n"

    def _power(self, act: str, vmid: str) -> Printed:
        """qm waits for a guest that HA does not manage only as long as it takes to refuse it."""
        try:
            guest = self._guest(vmid)
        except PveError as error:
            return 2, f"{error.reason}\n"
        managed = f"vm:{vmid}" in self.cluster.view(self.here).resources
        if act == "start" and not managed and self.cluster.guests.running(guest.vmid, self.here):
            return 255, f"VM {vmid} already running\n"
        code, text = self._try(lambda: self._acts.power(guest, act, ROOT))
        if code == 0 and managed:
            text = f"Requesting HA {'start' if act == 'start' else 'stop'} for VM {vmid}\n"
        return code, text

    def _try(self, do: Callable[[], object]) -> Printed:
        try:
            do()
        except PveError as error:
            details = "".join(f"{name}: {text}\n" for name, text in error.errors.items())
            return 255, f"{error.status if error.errors else ''} {error.reason}\n".lstrip() + details
        return 0, ""

    def ha_manager(self, arguments: Sequence[str]) -> Printed:
        match list(arguments):
            case ["status"]:
                lines = [f"{entry['type']} {entry['status']}" for entry in self._answers.ha_status()]
                return 0, "\n".join(lines) + "\n"
            case ["status", ("--verbose" | "-v"), *_]:
                whole = json.dumps(self._answers.manager_status(), indent=3, sort_keys=True)
                return 0, self.ha_manager(["status"])[1] + f"full cluster state:\n{whole}\n"
            case ["config"]:
                return 0, self._config()
            case ["add", sid, *_]:
                return self._try(lambda: self._acts.ha_create({"sid": sid}))
            case ["remove", sid]:
                return self._try(lambda: self._acts.ha_delete(sid))
            case ["set", sid, "--state", state]:
                return self._try(lambda: self._acts.ha_update(sid, {"state": state}))
            case [("migrate" | "relocate") as verb, sid, node]:
                return self._try(lambda: self._acts.ha_move(sid, verb, node))
            case ["crm-command", *rest]:
                return self._crm_command(rest)
        return 255, "ERROR: unknown command 'ha-manager " + " ".join(arguments) + "'\n"

    def _crm_command(self, arguments: Sequence[str]) -> Printed:
        match list(arguments):
            case [("migrate" | "relocate") as verb, sid, node]:
                return self._try(lambda: self._acts.ha_move(sid, verb, node))
            case ["arm-ha"]:
                return self._try(self._acts.arm)
            case ["disarm-ha", mode]:
                return self._try(lambda: self._acts.disarm(mode))
            case ["node-maintenance", ("enable" | "disable") as word, node]:
                return self._try(lambda: self._acts.maintenance(node, word == "enable"))
        return 255, "ERROR: unknown command 'ha-manager crm-command " + " ".join(arguments) + "'\n"

    def _config(self) -> str:
        text = ""
        for resource in self.cluster.view(self.here).resources.values():
            state = "" if resource.state == "started" else f"\tstate {resource.state}\n"
            text += f"{resource.sid}\n{state}\n"
        return text
