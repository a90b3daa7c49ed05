"""What the Proxmox VE API changes: guests, HA resources, nodes.

For a guest that HA manages, start, stop and migrate only queue the request: their task ends OK at once.
"""

from __future__ import annotations

from saitotui.simulator.pve_access import Account
from saitotui.simulator.pve_book import GuestConfig, Resource
from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_tasks import Task

STATES = ("started", "stopped", "enabled", "disabled", "ignored")


class PveError(Exception):
    """What PVE answers instead of doing it: `status`, the reason, and `errors` by parameter."""

    def __init__(
        self, reason: str, status: int = 500, errors: dict[str, str] | None = None, delay: float = 0.0
    ) -> None:
        super().__init__(reason)
        self.reason, self.status, self.errors, self.delay = reason, status, errors or {}, delay


def bad_parameter(**errors: str) -> PveError:
    return PveError("Parameter verification failed.", 400, errors)


class Acts:
    """Changes asked of node `here`."""

    def __init__(self, cluster: PveCluster, here: str) -> None:
        self.cluster, self.here = cluster, here

    def _begin(self, kind: str, id: str, who: Account) -> Task:
        return self.cluster.tasks.begin(self.here, kind, id, who.user, who.token)

    def need_quorum(self) -> None:
        if not self.cluster.quorate(self.here):
            raise PveError("cluster not ready - no quorum?")

    def _need_ha_lock(self, what: str) -> None:
        if not self.cluster.quorate(self.here):
            raise PveError(f"{what} failed: cfs-lock 'domain-ha' error: no quorum!", delay=9.9)

    def power(self, guest: GuestConfig, act: str, who: Account) -> str:
        """start, stop or shutdown; returns the UPID."""
        self.need_quorum()
        sid, vmid = f"vm:{guest.vmid}", guest.vmid
        resource = self.cluster.book.resources.get(sid)
        if resource is not None:
            wanted, kind = ("started", "hastart") if act == "start" else ("stopped", "hastop")
            service = self.cluster.book.services.get(sid)
            if act == "start" and service is not None and service.state == "error":
                task = self._begin(kind, str(vmid), who)
                task.finish(self._now, f"service '{sid}' in error state, must be disabled and fixed first")
                return task.upid
            task = self._begin(kind, str(vmid), who)
            task.log.append(f"Requesting HA {'start' if act == 'start' else 'stop'} for VM {vmid}")
            resource.state = wanted
            self.cluster.fabric.call_later(1.0, lambda: task.finish(self._now))
            return task.upid
        task = self._begin(f"qm{act}", str(vmid), who)
        self._direct(guest, act, task)
        return task.upid

    @property
    def _now(self) -> float:
        return self.cluster.fabric.now()

    def _direct(self, guest: GuestConfig, act: str, task: Task) -> None:
        guests, vmid = self.cluster.guests, guest.vmid
        running = guests.running(vmid, self.here)
        if act == "start" and running:
            task.finish(self._now, f"VM {vmid} already running")
        elif act == "start":
            guests.start(vmid, self.here, _ignore, task)
        elif act == "shutdown" and running:
            guests.shutdown(vmid, self.here, _ignore, task)
        elif running:
            guests.shutdown(vmid, self.here, _ignore, task, seconds=0)
        else:
            task.finish(self._now)

    def migrate(self, guest: GuestConfig, target: str, online: bool, who: Account) -> str:
        self.need_quorum()
        if target == self.here:
            raise bad_parameter(target="target is local node.")
        if target not in self.cluster.known(self.here):
            raise bad_parameter(target=f"no such cluster node '{target}'")
        vmid = guest.vmid
        if f"vm:{vmid}" in self.cluster.book.resources:
            task = self._begin("hamigrate", str(vmid), who)
            task.log.append(f"Requesting HA migration for VM {vmid} to node {target}")
            self.cluster.book.commands.append(f"migrate vm:{vmid} {target}")
            self.cluster.fabric.call_later(1.0, lambda: task.finish(self._now))
            return task.upid
        if self.cluster.guests.running(vmid, self.here) and not online:
            raise PveError("can't migrate running VM without --online")
        task = self._begin("qmigrate", str(vmid), who)
        self.cluster.guests.migrate(vmid, self.here, target, _ignore, task)
        return task.upid

    def create(self, parameters: dict[str, str], who: Account) -> str:
        """POST /nodes/NODE/qemu: a guest without a disk, unless it is told otherwise; returns the UPID."""
        self.need_quorum()
        vmid, book = int(parameters["vmid"]), self.cluster.book
        if vmid in book.guests:
            node = book.guests[vmid].node
            raise PveError(f"unable to create VM {vmid}: VM {vmid} already exists on node '{node}'")
        memory = _number(parameters, "memory", 512) << 20
        name, cores = parameters.get("name", f"VM{vmid}"), _number(parameters, "cores", 1)
        book.guests[vmid] = GuestConfig(vmid, name, self.here, cores, memory, 0)
        task = self._begin("qmcreate", str(vmid), who)
        task.finish(self._now)
        return task.upid

    def destroy(self, guest: GuestConfig, who: Account) -> str:
        """DELETE /nodes/NODE/qemu/VMID: of a guest that is off, and that HA does not manage."""
        self.need_quorum()
        if f"vm:{guest.vmid}" in self.cluster.book.resources:
            raise PveError(f"unable to remove VM {guest.vmid} - used in HA resources")
        task = self._begin("qmdestroy", str(guest.vmid), who)
        if self.cluster.guests.running(guest.vmid, self.here):
            task.finish(self._now, f"VM {guest.vmid} is running - destroy failed")
        else:
            del self.cluster.book.guests[guest.vmid]
            task.finish(self._now)
        return task.upid

    def node_power(self, command: str) -> None:
        """POST /nodes/NODE/status: reboot or shutdown."""
        if command not in ("reboot", "shutdown"):
            raise bad_parameter(
                command=f"value '{command}' does not have a value in the enumeration 'reboot, shutdown'"
            )
        self.cluster.leave(self.here, command)

    def ha_create(self, parameters: dict[str, str]) -> None:
        sid = _sid(parameters["sid"])
        state = _state(parameters.get("state", "started"))
        self._need_ha_lock("create resource")
        book = self.cluster.book
        if sid in book.resources:
            raise PveError(f"create resource failed: resource ID '{sid}' already defined")
        if int(sid[3:]) not in book.guests:
            raise PveError(f"resource '{sid}' does not exist in cluster")
        book.resources[sid] = Resource(
            sid,
            state,
            _number(parameters, "max_restart", 1),
            _number(parameters, "max_relocate", 1),
            parameters.get("comment", ""),
        )

    def ha_resource(self, sid: str) -> Resource:
        resource = self.cluster.view(self.here).resources.get(_sid(sid))
        if resource is None:
            raise PveError(f"no such resource '{_sid(sid)}'")
        return resource

    def ha_update(self, sid: str, parameters: dict[str, str]) -> None:
        state = _state(parameters["state"]) if "state" in parameters else ""
        self._need_ha_lock("update resources config")
        resource = self.ha_resource(sid)
        service = self.cluster.book.services.get(resource.sid)
        if service is not None and service.state == "error" and state == "started":
            raise PveError(f"service '{resource.sid}' in error state, must be disabled and fixed first")
        resource.state = state or resource.state
        resource.max_restart = _number(parameters, "max_restart", resource.max_restart)
        resource.max_relocate = _number(parameters, "max_relocate", resource.max_relocate)
        resource.comment = parameters.get("comment", resource.comment)

    def ha_delete(self, sid: str) -> None:
        self._need_ha_lock("delete resource")
        del self.cluster.book.resources[self.ha_resource(sid).sid]

    def ha_move(self, sid: str, verb: str, node: str) -> dict[str, str]:
        """migrate or relocate: accepted even for a node that does not exist, as recorded."""
        resource = self.ha_resource(sid)
        if not self.cluster.quorate(self.here):
            raise PveError("cfs-lock 'domain-ha' error: no quorum!", delay=9.9)
        self.cluster.book.commands.append(f"{verb} {resource.sid} {node}")
        return {"sid": resource.sid, "requested-node": node}

    def arm(self) -> None:
        """POST /cluster/ha/status/arm-ha."""
        self._order("arm-ha")

    def disarm(self, mode: str) -> None:
        """POST /cluster/ha/status/disarm-ha: `mode` says what becomes of resources, `freeze` or `ignore`."""
        if mode not in ("freeze", "ignore"):
            said = f"value '{mode}' does not have a value in the enumeration 'freeze, ignore'"
            raise bad_parameter(**{"resource-mode": said})
        self._order(f"disarm-ha {mode}")

    def _order(self, command: str) -> None:
        if not self.cluster.quorate(self.here):
            raise PveError("cfs-lock 'domain-ha' error: no quorum!", delay=9.9)
        self.cluster.book.commands.append(command)

    def maintenance(self, node: str, wanted: bool) -> None:
        """`ha-manager crm-command node-maintenance enable|disable NODE`; there is no API call for it."""
        if node not in self.cluster.known(self.here):
            raise PveError(f"no such cluster node '{node}'")
        if not self.cluster.quorate(self.here):
            raise PveError("cfs-lock 'domain-ha' error: no quorum!")
        self.cluster.book.maintenance[node] = wanted


def _sid(text: str) -> str:
    """`101` is short for `vm:101`."""
    sid = text if ":" in text else f"vm:{text}"
    if not sid.startswith("vm:") or not sid[3:].isdigit():
        raise bad_parameter(sid="value does not look like a valid HA resource ID")
    return sid


def _number(parameters: dict[str, str], name: str, default: int) -> int:
    text = parameters.get(name, str(default))
    if not text.isdigit():
        raise bad_parameter(**{name: f"type check ('integer') failed - got '{text}'"})
    return int(text)


def _state(text: str) -> str:
    if text not in STATES:
        allowed = ", ".join(STATES)
        raise bad_parameter(state=f"value '{text}' does not have a value in the enumeration '{allowed}'")
    return "started" if text == "enabled" else text


def _ignore(code: int) -> None:
    """Nobody waits for this worker but those who read its task."""
