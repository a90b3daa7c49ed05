"""A Proxmox VE cluster as its API tells it, from one node's view.

Shapes field by field as recorded from 9.2.11 (numbers as text where PVE sends them so, booleans as 0 and 1):
an offline node keeps its maxima and loses its figures; a guest on it stays `running` with frozen counters
until it is recovered, or until the last report is 300 s old; then both are reduced to what the
configuration says.
"""

from __future__ import annotations

import hashlib
import time
from typing import Any

from saitotui.simulator.pve_book import Book, GuestConfig, LrmStatus, Resource, Service
from saitotui.simulator.pve_cluster import Heard, Node, PveCluster

STALE = 300.0
"""Seconds after which a report is not used any more."""
DEAD = 30.0
"""Seconds after which a daemon's time stamp is called old."""
VERSION = {"version": "9.2.11", "release": "9.2", "repoid": "14a22df35955d97d"}
STORAGES: tuple[dict[str, Any], ...] = (
    {"storage": "local", "plugintype": "dir", "shared": 0, "content": "vztmpl,iso,backup,snippets",
     "total": 480 << 30, "used": 38 << 30},
    {"storage": "vmstore", "plugintype": "rbd", "shared": 1, "content": "images,rootdir",
     "total": 12 << 40, "used": 4 << 40},
)  # fmt: skip

Json = Any


def verbose(service: Service | None, resource: Resource | None) -> str:
    """The state made for people (`PVE::HA::Tools::get_verbose_service_state`)."""
    if resource is None:
        return "deleting"
    if resource.state == "ignored":
        return "ignored"
    if service is None:
        return "queued"
    wanted = resource.state
    match service.state:
        case "started" if wanted == "started":
            return "started" if service.running else "starting"
        case "started":
            return "stopping"
        case "stopped" if wanted == "started":
            return "starting"
        case "stopped" if wanted == "disabled":
            return "disabled"
        case "error" if wanted == "disabled":
            return "clearing error flag"
    return service.state


def stamp(at: float) -> str:
    """`Mon Nov 23 15:15:00 2026`."""
    return time.strftime("%a %b %e %H:%M:%S %Y", time.gmtime(at))


class Answers:
    """What node `here` answers."""

    def __init__(self, cluster: PveCluster, here: str) -> None:
        self.cluster, self.here = cluster, here

    @property
    def _now(self) -> float:
        return self.cluster.fabric.now()

    @property
    def _known(self) -> dict[str, Node]:
        return self.cluster.known(self.here)

    @property
    def _book(self) -> Book:
        return self.cluster.view(self.here)

    def _online(self, node: str) -> bool:
        return node in self.cluster.corosync.members(self.here)

    def _fresh(self, key: str) -> Heard | None:
        heard = self.cluster.nodes[self.here].heard.get(key)
        return heard if heard is not None and self._now - heard.at < STALE else None

    def cluster_status(self) -> Json:
        cluster, corosync = self.cluster, self.cluster.corosync
        if not cluster.member(self.here):
            alone = cluster.nodes[self.here]
            return [{"type": "node", "id": f"node/{alone.name}", "name": alone.name, "nodeid": 0,
                     "ip": alone.address, "online": 1, "local": 1, "level": ""}]  # fmt: skip
        known = self._known
        whole = {"type": "cluster", "id": "cluster", "name": cluster.name, "version": corosync.version,
                 "nodes": len(known), "quorate": int(cluster.quorate(self.here))}  # fmt: skip
        return [
            whole,
            *(
                {"type": "node", "id": f"node/{name}", "name": name, "nodeid": corosync.id(name),
                 "ip": node.address, "online": int(self._online(name)), "local": int(name == self.here),
                 "level": ""}
                for name, node in known.items()
            ),
        ]  # fmt: skip

    def nodes(self) -> Json:
        return [
            {**self._node(node), "ssl_fingerprint": self.fingerprint(node.name)}
            for node in self._known.values()
        ]

    def fingerprint(self, node: str) -> str:
        """A stand-in of the right form: the certificate is made elsewhere."""
        digest = hashlib.sha256(node.encode()).hexdigest().upper()
        return ":".join(digest[at : at + 2] for at in range(0, 64, 2))

    def _node(self, node: Node) -> dict[str, Json]:
        entry: dict[str, Json] = {"id": f"node/{node.name}", "node": node.name, "type": "node"}
        heard = self._fresh(f"node/{node.name}")
        online = self._online(node.name)
        entry["status"] = "online" if online else "offline"
        if heard is None and not online:
            return entry
        entry |= {"level": "", "maxmem": node.memory, "maxdisk": node.disk, "maxcpu": node.cores}
        if online and heard is not None:
            entry |= {name: heard.figures[name] for name in ("cpu", "mem", "disk", "uptime")}
        return entry

    def resources(self, kind: str = "") -> Json:
        """/cluster/resources, all or of one `type` (vm, node, storage, sdn)."""
        found: list[dict[str, Json]] = [self._guest(guest) for guest in self._book.guests.values()]
        for node in self._known.values():
            entry = self._node(node)
            if len(entry) > 4:
                entry["cgroup-mode"] = 2
            found.append({**entry, "hastate": self._book.verdicts.get(node.name, "unknown")})
        for storage in STORAGES:
            found.extend(self._storage(node, storage) for node in self._known)
        found.extend(
            {"type": "network", "network-type": "zone", "network": "localnetwork", "node": node,
             "id": f"network/{node}/zone/localnetwork", "status": "ok"}
            for node in self._known
        )  # fmt: skip
        kinds = {"vm": ("qemu", "lxc"), "sdn": ("network",)}.get(kind, (kind,))
        return [entry for entry in found if not kind or entry["type"] in kinds]

    def _storage(self, node: str, storage: dict[str, Json]) -> dict[str, Json]:
        entry = {"type": "storage", "storage": storage["storage"], "node": node, "shared": storage["shared"],
                 "id": f"storage/{node}/{storage['storage']}", "plugintype": storage["plugintype"],
                 "content": storage["content"]}  # fmt: skip
        if self._fresh(f"node/{node}") is None:
            return {**entry, "status": "unknown"}
        return {**entry, "status": "available", "maxdisk": storage["total"], "disk": storage["used"]}

    def _guest(self, guest: GuestConfig) -> dict[str, Json]:
        entry: dict[str, Json] = {"type": "qemu", "id": f"qemu/{guest.vmid}", "vmid": guest.vmid,
                                  "node": guest.node}  # fmt: skip
        service = self._book.services.get(f"vm:{guest.vmid}")
        if service is not None:
            entry["hastate"] = service.state
        if guest.lock:
            entry["lock"] = guest.lock
        heard = self._fresh(f"qemu/{guest.vmid}")
        if heard is None:
            return {**entry, "status": "unknown"}
        figures = heard.figures
        entry |= {"name": guest.name, "template": 0, "maxcpu": guest.cores, "maxmem": guest.memory}
        entry |= {"maxdisk": guest.disk, "disk": 0, "status": "running" if figures else "stopped"}
        for name in ("cpu", "mem", "uptime", "netin", "netout", "diskread", "diskwrite"):
            entry[name] = figures.get(name, 0)
        entry["memhost"] = int(figures.get("mem", 0) * 1.04)
        if guest.tags:
            entry["tags"] = guest.tags
        return entry

    def ha_status(self) -> Json:
        """/cluster/ha/status/current."""
        quorate, book, now = self.cluster.quorate(self.here), self._book, self._now
        text = "OK" if quorate else f"No quorum on node '{self.here}'!"
        found: list[dict[str, Json]] = [
            {"id": "quorum", "type": "quorum", "node": self.here, "quorate": int(quorate), "status": text}
        ]
        if book.master:
            alive = now - book.timestamp <= DEAD
            state = "active" if alive else "old timestamp - dead?"
            armed, watchdog = ("armed", "active") if alive else ("standby", "standby")
            said = f"{book.disarm}, resource mode: {book.disarm_mode}" if book.disarm else ""
            if said:
                armed, watchdog = book.disarm, "released" if book.disarm == "disarmed" else watchdog
            mode: dict[str, Json] = {"resource_mode": book.disarm_mode} if said else {}
            found += [
                {"id": "master", "type": "master", "node": book.master, "timestamp": int(book.timestamp),
                 "status": f"{book.master} ({state}, {stamp(book.timestamp)}){f' - {said}' if said else ''}"},
                {"id": "fencing", "type": "fencing", "node": book.master, "armed-state": armed,
                 "status": f"{said or armed} (CRM watchdog {watchdog})", **mode},
            ]  # fmt: skip
        found += [self._lrm(node, status) for node, status in sorted(book.lrms.items())]
        return found + [self._service(sid) for sid in sorted(book.resources)]

    def _lrm(self, node: str, status: LrmStatus) -> dict[str, Json]:
        services = [service for service in self._book.services.values() if service.node == node]
        watchdog = "active" if status.state in ("active", "maintenance") else "standby"
        if self._now - status.timestamp > DEAD:
            text, watchdog = "old timestamp - dead?", "standby"
        elif status.mode == "disarm":
            text, watchdog = "disarm mode", "released"
        elif status.mode in ("maintenance", "restart"):
            text = f"{status.mode} mode"
        elif status.state == "wait_for_agent_lock" and not services:
            text = "idle"
        else:
            text = status.state
        return {"id": f"lrm:{node}", "type": "lrm", "node": node, "timestamp": int(status.timestamp),
                "status": f"{node} ({text}, watchdog {watchdog}, {stamp(status.timestamp)})"}  # fmt: skip

    def _service(self, sid: str) -> dict[str, Json]:
        book = self._book
        resource, service = book.resources[sid], book.services.get(sid)
        state = verbose(service, resource)
        node = service.node if service is not None else book.guests[resource.vmid].node
        entry: dict[str, Json] = {
            "id": f"service:{sid}", "type": "service", "sid": sid, "node": node, "state": state,
            "request_state": resource.state, "status": f"{sid} ({node}, {state})", "failback": 1,
            "max_restart": resource.max_restart, "max_relocate": resource.max_relocate,
        }  # fmt: skip
        if service is not None:
            entry["crm_state"] = service.state
        return entry

    def manager_status(self) -> Json:
        """/cluster/ha/status/manager_status."""
        book = self._book
        manager: dict[str, Json] = {
            "master_node": book.master, "timestamp": int(book.timestamp), "node_status": dict(book.verdicts),
            "service_status": {sid: self._managed(service) for sid, service in book.services.items()},
        }  # fmt: skip
        if book.disarm:
            manager["disarm"] = {"state": book.disarm, "mode": book.disarm_mode}
        if book.maintenance:
            manager["node_request"] = {
                node: {"maintenance": 1} if wanted else {} for node, wanted in book.maintenance.items()
            }
        return {
            "quorum": {"node": self.here, "quorate": str(int(self.cluster.quorate(self.here)))},
            "manager_status": manager,
            "lrm_status": {node: self._lrm_status(status) for node, status in book.lrms.items()},
        }

    @staticmethod
    def _managed(service: Service) -> dict[str, Json]:
        entry: dict[str, Json] = {"state": service.state, "node": service.node, "uid": service.uid}
        if service.running:
            entry["running"] = 1
        for name, value in (
            ("target", service.target),
            ("failed_nodes", list(service.failed_nodes)),
            ("maintenance_node", service.maintenance_node),
        ):
            if value:
                entry[name] = value
        return entry

    @staticmethod
    def _lrm_status(status: LrmStatus) -> dict[str, Json]:
        results = {
            uid: {"sid": result.sid, "state": result.state, "exit_code": result.exit_code}
            for uid, result in status.results.items()
        }
        return {
            "state": status.state,
            "mode": status.mode,
            "timestamp": int(status.timestamp),
            "results": results,
        }

    def ha_resources(self) -> Json:
        return [self.ha_resource(sid) for sid in self._book.resources]

    def ha_resource(self, sid: str) -> dict[str, Json]:
        resource = self._book.resources[sid]
        entry: dict[str, Json] = {
            "sid": sid, "type": "vm", "state": resource.state, "digest": self._book.digest(),
            "max_restart": resource.max_restart, "max_relocate": resource.max_relocate,
        }  # fmt: skip
        return {**entry, "comment": resource.comment} if resource.comment else entry

    def ha_rules(self) -> Json:
        digest = hashlib.sha1(str(self._book.rules).encode(), usedforsecurity=False).hexdigest()
        return [
            {"rule": rule.rule, "type": "resource-affinity", "affinity": "negative", "order": order,
             "resources": ",".join(rule.sids), "digest": digest}
            for order, rule in enumerate(self._book.rules, 1)
        ]  # fmt: skip

    def tasks(self) -> Json:
        """/cluster/tasks: the newest of each node that this node has heard of."""
        corosync = self.cluster.corosync
        found, counts = [], dict.fromkeys(self._known, 0)
        for task in self.cluster.tasks.all:
            if task.node not in counts:
                continue
            if task.start <= corosync.heard(self.here, task.node) + 1 and counts[task.node] < 25:
                counts[task.node] += 1
                found.append(task.in_cluster())
        return found

    def log(self, limit: int) -> Json:
        """/cluster/log: begin and end of each task, newest first."""
        found: list[dict[str, Json]] = []
        for task in self.cluster.tasks.all:
            who = f"{task.user}!{task.token}" if task.token else task.user
            base = {"node": task.node, "tag": "pvedaemon", "user": who, "pid": task.pid}
            if task.end is not None:
                text = f"end task {task.upid} {task.status}"
                found.append({**base, "time": task.end, "msg": text, "pri": 6 if task.status == "OK" else 3})
            found.append({**base, "time": task.start, "msg": f"starting task {task.upid}", "pri": 6})
        found.sort(key=lambda entry: -int(str(entry["time"])))
        for number, entry in enumerate(reversed(found), 2):
            entry |= {"uid": str(number), "id": f"{number}:{entry['node']}"}
        return found[:limit]

    def config_nodes(self) -> Json:
        return [
            {"node": name, "name": name, "nodeid": str(self.cluster.corosync.id(name)),
             "ring0_addr": node.address, "quorum_votes": "1"}
            for name, node in self._known.items()
            if self.cluster.member(name)
        ]  # fmt: skip

    def config_totem(self) -> Json:
        version = f"{self.cluster.corosync.version}"
        return {"version": "2", "config_version": version, "cluster_name": self.cluster.name, "secauth": "on",
                "ip_version": "ipv4-6", "link_mode": "passive", "token_coefficient": "125",
                "interface": {"0": {"linknumber": "0"}}}  # fmt: skip
