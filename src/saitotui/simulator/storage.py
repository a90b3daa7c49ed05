"""A DRBD pair under heartbeat or pacemaker that exports NFS: roles, loss and return, resync, split brain.

Consequences follow DRBD 8.4's user's guide ("Split brain", "Resynchronization") and runs of a real pair.
"""

from __future__ import annotations

from saitotui.simulator.storage_clients import install_clients
from saitotui.simulator.storage_drbdadm import Drbdadm
from saitotui.simulator.storage_faults import add_faults
from saitotui.simulator.storage_hands import Hands
from saitotui.simulator.storage_pacemaker import PACEMAKER, PacemakerTools
from saitotui.simulator.storage_state import (
    DEADTIME,
    FIFO,
    HAND,
    HEARTBEAT,
    INITDEAD,
    LOST,
    NFS,
    RATE,
    SERVED_AFTER,
    SIZE,
    TAKEOVER,
    TICK,
    VERIFY,
    WRITES,
    StorageNode,
)
from saitotui.simulator.storage_tools import Tools
from saitotui.simulator.world import Machine, World


class StoragePart:
    """st1 and st2; st1 serves at the start."""

    name = "storage"

    def __init__(self, world: World, manager: str = HEARTBEAT) -> None:
        self.world, self.manager = world, manager
        self.nodes: dict[str, StorageNode] = {}
        self.size = self.filesystem = SIZE
        """KiB of the DRBD device, and of the file system on it."""
        self.bound = ""
        """The node to which a rule of an earlier move binds the service (pacemaker)."""
        self._switching = 0.0
        """Until when heartbeat hands over, and hears no other request."""
        for name in ("st1", "st2"):
            machine = world.machines[name]
            machine.services |= {manager: "running", NFS: "running"}
            self.nodes[name] = StorageNode(name, machine, manager)
        first = self.nodes["st1"]
        self._serve(first)
        first.kernel = [(SERVED_AFTER, text) for _, text in first.kernel]
        for node in self.nodes.values():
            Tools(self, node).install()
            Drbdadm(self, node).install()
            Hands(self, node).install()
            if manager == PACEMAKER:
                PacemakerTools(self, node).install()
        install_clients(self)
        world.join(self)
        world.clock.every(TICK, self._tick)
        add_faults(self)

    def peer(self, node: StorageNode) -> StorageNode:
        return next(other for other in self.nodes.values() if other is not node)

    @property
    def serving(self) -> StorageNode | None:
        """The node that NFS clients reach; None when nobody, or more than one, answers for the address."""
        found = [node for node in self.nodes.values() if node.active and node.machine.reachable]
        return found[0] if len(found) == 1 else None

    def kernel(self, node: StorageNode, text: str) -> None:
        """A line of the kernel's log."""
        node.kernel.append((self.world.clock.now() - node.machine.boot_at, text))
        del node.kernel[:-60]

    def note(self, node: StorageNode, text: str) -> None:
        """A line of heartbeat's log."""
        node.log.append((self.world.clock.now(), text))
        del node.log[:-200]

    def changed(self, machine: Machine) -> None:
        node = self.nodes.get(machine.name)
        if node is None:
            return
        if not machine.powered or not machine.booted:
            node.role, node.mounted, node.exporting, node.has_ip = "Secondary", False, False, False
            node.connected, node.syncing, node.acquiring, node.stops = False, "", False, False
        node.exporting = node.exporting and machine.services.get(NFS) == "running"

    def linked(self, node: StorageNode) -> bool:
        """Whether DRBD's packets pass between the two, and both have it."""
        peer = self.peer(node)
        alive = all(one.loaded and one.machine.up and not one.standalone for one in (node, peer))
        return alive and self.world.connected(node.name, peer.name)

    def _tick(self) -> None:
        for node in self.nodes.values():
            if node.machine.up:
                self._drbd(node)
        self._resync()
        self._verify()
        for node in self.nodes.values():
            if node.machine.up:
                self._heartbeat(node)

    def _drbd(self, node: StorageNode) -> None:
        linked, now = self.linked(node), self.world.clock.now()
        if linked and not node.connected:
            self._reconnect(node)
        elif not linked and node.connected:
            node.peer_silent_since = node.peer_silent_since or now
            if node.standalone or now - node.peer_silent_since >= LOST:
                self._lose(node)
        if linked:
            node.peer_silent_since = 0.0
        if node.active and self.serving is node:
            self._write(node, WRITES * TICK)

    def _lose(self, node: StorageNode) -> None:
        node.connected, node.peer_silent_since = False, 0.0
        if node.syncing == "SyncTarget":
            node.disk = "Inconsistent"
        node.syncing = ""
        self.kernel(node, "drbd r0: PingAck did not arrive in time.")
        self.kernel(node, "drbd r0: peer( Secondary -> Unknown ) conn( Connected -> NetworkFailure )")

    def _write(self, node: StorageNode, amount: float) -> None:
        node.used += int(amount) // 16
        if node.connected:
            node.sent += amount
            self.peer(node).received += amount
        else:
            if node.own_changes == 0:
                node.own_changes = 1
            node.out_of_sync = min(node.out_of_sync + amount, 40_000.0)

    def _reconnect(self, node: StorageNode) -> None:
        """Both hear each other again: who has what decides (after-sb is `disconnect`, the default)."""
        peer = self.peer(node)
        if node.own_changes and peer.own_changes:
            for one in (node, peer):
                one.give_up()
                self.kernel(one, "block drbd0: Split-Brain detected but unresolved, dropping connection!")
                self.kernel(one, "drbd r0: conn( NetworkFailure -> StandAlone )")
            return
        node.connected = peer.connected = True
        source = node if node.own_changes or peer.disk == "Inconsistent" else peer
        target = self.peer(source)
        if source.own_changes or target.disk == "Inconsistent" or source.out_of_sync:
            self.begin_resync(source, target)
        else:
            self.kernel(node, "drbd r0: conn( WFConnection -> Connected )")

    def begin_resync(self, source: StorageNode, target: StorageNode) -> None:
        """Everything that differs goes from `source` to `target`."""
        amount = max(source.out_of_sync + target.out_of_sync, 4096.0)
        source.out_of_sync = target.out_of_sync = amount
        source.resync_total = target.resync_total = amount
        source.syncing, target.syncing = "SyncSource", "SyncTarget"
        source.disk, target.disk = "UpToDate", "Inconsistent"
        source.connected = target.connected = True
        source.standalone = target.standalone = False
        for node in (source, target):
            self.kernel(node, f"block drbd0: Began resync as {node.syncing} (will sync {amount:.0f} KB).")

    def _resync(self) -> None:
        source = next((node for node in self.nodes.values() if node.syncing == "SyncSource"), None)
        if source is None:
            return
        target = self.peer(source)
        if not (source.connected and target.connected) or source.paused or target.paused:
            return
        left = max(0.0, source.out_of_sync - RATE * TICK)
        source.out_of_sync = target.out_of_sync = left
        if left == 0:
            for node in (source, target):
                node.syncing, node.disk, node.own_changes, node.resync_total = "", "UpToDate", 0, 0.0
                node.differs = 0.0
                self.kernel(node, "block drbd0: Resync done (total 12 sec; paused 0 sec; 4096 K/sec)")

    @property
    def verified(self) -> float:
        """How much of an online verify is done, 0 to 1."""
        began = max(node.verify_at for node in self.nodes.values())
        return min(1.0, (self.world.clock.now() - began) / VERIFY) if began else 0.0

    def grow(self) -> bool:
        """DRBD takes what is under it on both nodes; the new room is copied. False when it cannot."""
        nodes = list(self.nodes.values())
        source = next((node for node in nodes if node.active), None)
        room = min(node.lower for node in nodes)
        if source is None or not all(node.connected and not node.syncing for node in nodes):
            return False
        new, self.size = room - self.size, max(room, self.size)
        if new > 0:
            source.out_of_sync += new
            self.begin_resync(source, self.peer(source))
        return True

    def begin_verify(self) -> None:
        for node in self.nodes.values():
            node.verify_at = self.world.clock.now()

    def _verify(self) -> None:
        """What differs is marked when all has been compared; a lost connection ends it."""
        busy = [node for node in self.nodes.values() if node.verify_at]
        if not busy or (self.verified < 1 and all(node.connected for node in busy)):
            return
        found = max(node.differs for node in busy) if self.verified >= 1 else 0.0
        for node in busy:
            node.verify_at, node.out_of_sync = 0.0, node.out_of_sync + found
            self.kernel(node, "block drbd0: Online verify done (total 20 sec; paused 0 sec; 13104 K/sec)")

    def meet(self, node: StorageNode) -> None:
        """The two connect at once, where nothing keeps them from it."""
        if self.linked(node) and not node.connected:
            self._reconnect(node)

    def serve(self, node: StorageNode) -> bool:
        """Starts everything on a node; False when DRBD does not let it."""
        peer = self.peer(node)
        if node.disk not in ("UpToDate", "Diskless") or (node.connected and peer.role == "Primary"):
            return False
        self._serve(node)
        return True

    def give(self, node: StorageNode) -> None:
        """hand_over.sh on the active node: the one that waits takes it, else it is taken back."""
        self.release(node)
        self.world.clock.call_later(HAND, lambda: self._handed(node))

    def _handed(self, node: StorageNode) -> None:
        peer = self.peer(node)
        waits, peer.waits = peer.waits, False
        if not (waits and peer.machine.up and peer.connected and self.serve(peer)) and node.machine.up:
            self.world.clock.call_later(TAKEOVER, lambda: self._kept(node))

    def _kept(self, node: StorageNode) -> None:
        if node.connected and self.peer(node).role != "Primary":
            self.serve(node)

    def stop_manager(self, node: StorageNode) -> bool:
        """In good order: it gives up what it has, and the other one takes that at once. pacemaker takes DRBD
        down, too, and up again when it starts. Whether it does that now: heartbeat ends a takeover first."""
        self._read(node)
        if node.acquiring and self.manager != PACEMAKER:
            node.stops = True
            self.note(
                node, "heartbeat: [751]: WARN: Shutdown delayed until current resource activity finishes."
            )
            return False
        peer = self.peer(node)
        had, node.holds, node.acquiring = node.active, "", False
        self.release(node)
        if had and peer.manager_runs and self.world.connected(node.name, peer.name):
            self.take_over(peer)
        if self.manager == PACEMAKER:
            node.go_down()
        return True

    def _stop_late(self, node: StorageNode) -> None:
        """The stop that was delayed."""
        if node.stops:
            node.stops = False
            self.stop_manager(node)
            self.world.service(node.name, node.manager, "stopped")

    def start_manager(self, node: StorageNode) -> None:
        """What runs here it has; what runs nowhere it takes, when it has heard of nobody for a while."""
        peer = self.peer(node)
        node.loaded = node.loaded or self.manager == PACEMAKER
        node.holds = "all" if node.active else "none"
        if node.active or peer.active or peer.manager_runs:
            return
        self.world.clock.call_later(INITDEAD, lambda: self.take_over(node))

    def _heartbeat(self, node: StorageNode) -> None:
        if not node.manager_runs:
            return
        self._read(node)
        peer, now = self.peer(node), self.world.clock.now()
        heard = peer.manager_runs and self.world.connected(node.name, peer.name)
        if heard:
            if not node.peer_seen:
                self.note(node, f"heartbeat: [751]: info: Status update for node {peer.name}: status active")
                self._returned(node, peer)
            node.peer_seen, node.peer_unclean, node.heard_at = True, False, now
            return
        if node.peer_seen and now - node.heard_at >= DEADTIME:
            node.peer_seen = False
            self.note(node, f"heartbeat: [751]: WARN: node {peer.name}: is dead")
            if peer.machine.services.get(self.manager) != "stopped":
                self._succeed(node, peer)

    def _succeed(self, node: StorageNode, peer: StorageNode) -> None:
        """pacemaker takes nothing over before the other one is fenced; heartbeat does not ask."""
        if self.manager == PACEMAKER and not peer.machine.powered:
            node.peer_unclean = True
            return
        if self.manager == PACEMAKER:
            self.world.power_off(peer.name)
        if not node.active:
            self.take_over(node)

    def confirm(self, node: StorageNode) -> None:
        """Somebody says that the other one is fenced."""
        was, node.peer_unclean = node.peer_unclean, False
        if was and not node.active:
            self.take_over(node)

    def move(self, node: StorageNode) -> None:
        """The service goes to a node, wherever it runs."""
        peer = self.peer(node)
        if peer.active:
            self.switch(peer)
        elif not node.active:
            self.take_over(node)

    def park(self, node: StorageNode) -> None:
        """Nothing may run here any more, DRBD included."""
        if node.active:
            self.switch(node)
        self.world.clock.call_later(3 * TAKEOVER, lambda: node.go_down() if node.standby else None)

    def _returned(self, node: StorageNode, peer: StorageNode) -> None:
        """A partition healed: heartbeat executes itself anew, and where both held everything, lets go."""
        if node.active and peer.active:
            for one in (node, peer):
                self.note(one, "heartbeat: [751]: CRIT: Cluster node returning after partition.")
                self.release(one)

    def take_over(self, node: StorageNode) -> None:
        """Acquires all resources, unless DRBD refuses."""
        node.acquiring = True
        self.note(node, f"heartbeat: [751]: info: Resources being acquired from {self.peer(node).name}.")
        if node.forgetful:
            return
        self.world.clock.call_later(TAKEOVER, lambda: self._acquired(node))

    def _read(self, node: StorageNode) -> None:
        """heartbeat reads what scripts have written to its FIFO: that a takeover is over."""
        said = node.machine.read(FIFO) or ""
        node.machine.files.pop(FIFO, None)
        if "info=mach_down\n" in said:
            node.acquiring = node.forgetful = False
            node.holds = "all"
            self.note(node, "heartbeat: [751]: info: mach_down takeover complete.")
            self._stop_late(node)

    def _acquired(self, node: StorageNode) -> None:
        node.acquiring = node.acquiring and node.forgetful
        if not node.acquiring:
            self._stop_late(node)
        if not node.manager_runs:
            return
        if node.machine.up and node.disk == "UpToDate" and node.machine.services.get(NFS) == "running":
            peer = self.peer(node)
            if node.connected and peer.role == "Primary":
                return
            if not node.active:
                self._serve(node)
                self.world.note(f"{node.name} has taken over storage")
            node.holds = "all"
            peer.holds = "none" if peer.manager_runs else ""
            self.note(node, "heartbeat: [751]: info: all HA resource acquisition completed (standby).")

    def _serve(self, node: StorageNode) -> None:
        if node.role != "Primary":
            self.kernel(node, "block drbd0: role( Secondary -> Primary )")
        node.role, node.mounted, node.exporting, node.has_ip = "Primary", True, True, True

    def release(self, node: StorageNode) -> None:
        """Gives all resources up, in reverse order."""
        if node.role == "Primary":
            self.kernel(node, "block drbd0: role( Primary -> Secondary )")
        node.role, node.mounted, node.exporting, node.has_ip = "Secondary", False, False, False

    def switch(self, node: StorageNode) -> bool:
        """hb_standby: gives everything to the peer; False when heartbeat cannot."""
        peer = self.peer(node)
        if not (node.manager_runs and peer.manager_runs and self.world.connected(node.name, peer.name)):
            return False
        now = self.world.clock.now()
        if now < self._switching:
            left = f"[{self._switching - now:.0f} seconds left]"
            self.note(
                node,
                f"heartbeat: [751]: WARN: Standby in progress- new request from {node.name} ignored {left}",
            )
            return True
        self._switching = now + 2 * TAKEOVER
        self.note(node, f"heartbeat: [751]: info: {node.name} wants to go standby [all]")
        self.world.clock.call_later(TAKEOVER, lambda: self.release(node))
        self.world.clock.call_later(2 * TAKEOVER, lambda: self._acquired(peer))
        return True
