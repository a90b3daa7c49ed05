"""What one Proxmox VE node answers of itself and of the guests that lie on it (`/nodes/NODE/...`)."""

from __future__ import annotations

from typing import Any

from saitotui.simulator.pve_answers import STORAGES, VERSION, verbose
from saitotui.simulator.pve_book import GuestConfig
from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_load import wave

Json = Any

KERNEL = "6.14.11-4-pve"
FLAGS = (
    "fpu vme de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 clflush mmx fxsr sse sse2 svm"
)
PRESSURE = tuple(f"pressure{what}{part}" for what in ("cpu", "io", "memory") for part in ("full", "some"))


class NodeAnswers:
    """Answers of node `here`."""

    def __init__(self, cluster: PveCluster, here: str) -> None:
        self.cluster, self.here = cluster, here

    def status(self) -> Json:
        node = self.cluster.nodes[self.here]
        figures, now = self.cluster.node_figures(node), self.cluster.fabric.now()
        used, disk = int(figures["mem"]), int(figures["disk"])
        load = wave(self.here + "l", now, 0.8, 4.0)
        return {
            "uptime": int(figures["uptime"]), "cpu": figures["cpu"],
            "wait": wave(self.here + "w", now, 0, 0.02),
            "idle": 0, "loadavg": [f"{load:.2f}", f"{load * 0.9:.2f}", f"{load * 0.8:.2f}"],
            "memory": {"total": node.memory, "used": used, "free": node.memory - used,
                       "available": node.memory - used},
            "swap": {"total": 8 << 30, "used": 0, "free": 8 << 30},
            "rootfs": {"total": node.disk, "used": disk, "free": node.disk - disk, "avail": node.disk - disk},
            "cpuinfo": {"model": "AMD EPYC 7502P 32-Core Processor", "vendor": "AuthenticAMD", "family": "23",
                        "mhz": "2500.000", "sockets": 1, "cores": node.cores, "cpus": node.cores,
                        "user_hz": 100, "hvm": "1", "flags": FLAGS},
            "kversion": f"Linux {KERNEL} #1 SMP PREEMPT_DYNAMIC PMX {KERNEL}",
            "current-kernel": {"sysname": "Linux", "machine": "x86_64", "release": KERNEL,
                               "version": f"#1 SMP PREEMPT_DYNAMIC PMX {KERNEL}"},
            "boot-info": {"mode": "efi", "secureboot": 0},
            "pveversion": f"pve-manager/{VERSION['version']}/{VERSION['repoid']}", "ksm": {"shared": 0},
        }  # fmt: skip

    def mine(self, vmid: int) -> GuestConfig | None:
        """The guest's configuration, if it lies on this node."""
        guest = self.cluster.view(self.here).guests.get(vmid)
        return guest if guest is not None and guest.node == self.here else None

    def guests(self, full: bool) -> Json:
        book = self.cluster.view(self.here)
        found = [self._guest(guest) for guest in book.guests.values() if guest.node == self.here]
        if not full:
            for entry in found:
                entry.pop("qmpstatus")
                entry.pop("nics", None)
        return found

    def guest(self, guest: GuestConfig) -> Json:
        """.../qemu/VMID/status/current."""
        book = self.cluster.view(self.here)
        service, resource = book.services.get(f"vm:{guest.vmid}"), book.resources.get(f"vm:{guest.vmid}")
        managed: dict[str, Json] = {"managed": 0}
        if resource is not None:
            managed = {"managed": 1, "state": verbose(service, resource)}
        return {**self._guest(guest), "ha": managed}

    def _guest(self, guest: GuestConfig) -> dict[str, Json]:
        process = self.cluster.guests.processes.get(guest.vmid)
        running = process is not None and process.node == self.here
        entry: dict[str, Json] = {
            "vmid": guest.vmid, "name": guest.name, "status": "running" if running else "stopped",
            "qmpstatus": "running" if running else "stopped", "cpus": guest.cores, "maxmem": guest.memory,
            "maxdisk": guest.disk, "disk": 0, "cpu": 0, "mem": 0, "memhost": 0, "uptime": 0, "netin": 0,
            "netout": 0,
        }  # fmt: skip
        if guest.tags:
            entry["tags"] = guest.tags
        if guest.lock:
            entry["lock"] = guest.lock
        if process is not None and running:
            if process.paused:
                entry["qmpstatus"] = "paused"
            figures = self.cluster.guest_figures(guest.vmid)
            entry |= {**figures, "memhost": int(figures["mem"] * 1.04), "pid": process.pid}
            nic = {"netin": figures["netin"], "netout": figures["netout"]}
            entry |= {"nics": {f"tap{guest.vmid}i0": nic}, **dict.fromkeys(PRESSURE, 0)}
        return entry

    def config(self, guest: GuestConfig) -> Json:
        mac = f"BC:24:11:{guest.vmid >> 8:02X}:{guest.vmid & 255:02X}:01"
        return {
            "name": guest.name, "cores": guest.cores, "memory": str(guest.memory >> 20), "ostype": "l26",
            "scsihw": "virtio-scsi-pci", "boot": "order=scsi0;net0", "net0": f"virtio={mac},bridge=vmbr0",
            "scsi0": f"vmstore:vm-{guest.vmid}-disk-0,size={guest.disk >> 30}G",
            "digest": f"{guest.vmid:040x}",
            "meta": "creation-qemu=10.0.2,ctime=1760000000",
            "smbios1": f"uuid=2e71ebff-6534-486e-be1b-{guest.vmid:012x}",
            "vmgenid": f"4aed48b6-7694-468a-972b-{guest.vmid:012x}",
        }  # fmt: skip

    def storages(self) -> Json:
        return [
            {"storage": storage["storage"], **self._usage(storage),
             "used_fraction": storage["used"] / storage["total"]}
            for storage in STORAGES
        ]  # fmt: skip

    def storage(self, name: str) -> Json:
        """.../storage/NAME/status; None for one that is not configured."""
        return next((self._usage(storage) for storage in STORAGES if storage["storage"] == name), None)

    @staticmethod
    def _usage(storage: dict[str, Json]) -> dict[str, Json]:
        return {"type": storage["plugintype"], "content": storage["content"], "shared": storage["shared"],
                "active": 1, "enabled": 1, "total": storage["total"], "used": storage["used"],
                "avail": storage["total"] - storage["used"]}  # fmt: skip

    def tasks(self, source: str, errors: bool, limit: int) -> tuple[Json, int]:
        """Entries of /nodes/NODE/tasks and how many there are."""
        found = [
            task.in_node()
            for task in self.cluster.tasks.all
            if task.node == self.here
            and (source != "active" or task.end is None)
            and (source != "archive" or task.end is not None)
            and not (errors and task.status == "OK")
        ]
        return found[:limit], len(found)
