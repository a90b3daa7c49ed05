"""How nodes come into a Proxmox VE cluster, and out of it.

Texts as recorded from 8.4 and 9.2; those of refusals are those of pvecm's source (PVE/Cluster/Setup.pm).
A node that joins over SSH (`pvecm add ADDRESS --use_ssh 1`) needs a host that it knows, and whose root lets
it in; what it has in /etc/pve is replaced by the cluster's.
"""

from __future__ import annotations

from saitotui.simulator.pve_book import Book, Result
from saitotui.simulator.pve_cluster import PveCluster
from saitotui.simulator.pve_crm import MANAGER_LOCK, agent_lock
from saitotui.simulator.world import Machine

Printed = tuple[int, str]
AUTHORIZED, KNOWN = "/root/.ssh/authorized_keys", "/root/.ssh/known_hosts"
PUBLIC, HOST_KEY = "/root/.ssh/id_rsa.pub", "/etc/ssh/ssh_host_ed25519_key.pub"
CONF = "/etc/pve/corosync.conf"
CREATED = """Corosync Cluster Engine Authentication key generator.
Gathering 2048 bits for key from /dev/urandom.
Writing corosync key to /etc/corosync/authkey.
Writing corosync config to /etc/pve/corosync.conf
Restart corosync and cluster filesystem
"""
JOINED = """copy corosync auth key
stopping pve-cluster service
backup old database to '/var/lib/pve-cluster/backup/config-1795446470.sql.gz'
waiting for quorum...OK
(re)generate node files
generate new node certificate
merge authorized SSH keys
generated new node certificate, restart pveproxy and pvedaemon services
successfully added node '{node}' to cluster.
"""
KILLED = "Killing node {id}\nCould not kill node (error = CS_ERR_NOT_EXIST)\n"
STRANGER = "Host key verification failed.\n"
DENIED = "root@{address}: Permission denied (publickey,password).\n"


class Membership:
    """Who is in the cluster; `machines` are the nodes' own."""

    def __init__(self, cluster: PveCluster, machines: dict[str, Machine]) -> None:
        self._cluster, self._machines = cluster, machines
        for node, machine in machines.items():
            machine.files |= {
                PUBLIC: f"ssh-rsa AAAAB3Nza{node} root@{node}\n",
                HOST_KEY: f"ssh-ed25519 AAAAC3Nza{node} root@{node}\n",
                CONF: lambda node=node: self._conf(node),  # type: ignore[misc]
                "/etc/pve/storage.cfg": "dir: local\n\tpath /var/lib/vz\n",
                "/etc/pve/user.cfg": "user:root@pam:1:0:::root@example.com::\n",
            }

    def _conf(self, node: str) -> str | None:
        """corosync.conf, as far as anybody reads it; None where there is none."""
        if not self._cluster.member(node):
            return None
        return f"totem {{\n  cluster_name: {self._cluster.name}\n}}\n"

    def create(self, here: str, name: str) -> Printed:
        if self._cluster.member(here):
            return 255, f"cluster config '{CONF}' already exists\n"
        self._cluster.name = name
        self._cluster.corosync.add(here)
        return 0, CREATED

    def join(self, here: str, address: str) -> Printed:
        """`here` joins the cluster of the node at `address`."""
        cluster = self._cluster
        wrong = ""
        if cluster.member(here):
            wrong += f"* cluster config '{CONF}' already exists\n"
        if cluster.view(here).guests:
            wrong += "* this host already contains virtual guests\n"
        if wrong:
            return 255, f"detected the following error(s):\n{wrong}Check if node may join a cluster failed!\n"
        refused = self.reach(here, address)
        other = self.at(address)
        if refused or not cluster.member(other):
            return 255, refused or "can't add node: no cluster there\n"
        if not cluster.quorate(other):
            return 255, "cluster not ready - no quorum?\n"
        cluster.corosync.add(here)
        return 0, JOINED.format(node=here)

    def delete(self, here: str, node: str) -> Printed:
        cluster = self._cluster
        if node not in cluster.known(here):
            return 255, f"Node/IP: {node} is not a known host of the cluster.\n"
        if not cluster.quorate(here):
            return 255, "cluster not ready - no quorum?\n"
        if node == here:
            return 255, "Cannot delete myself from cluster!\n"
        number = cluster.corosync.id(node)
        self._forget(node)
        return 0, KILLED.format(id=number)

    def at(self, address: str) -> str:
        """The node with that address on any link; '' when there is none."""
        return next(
            (node for node in self._cluster.nodes if address in self._cluster.link_addresses(node)), ""
        )

    def reach(self, here: str, address: str) -> str:
        """Why root of `here` does not get in at `address` over SSH; '' when he does."""
        node = self.at(address)
        if (
            not node
            or not self._cluster.fabric.connected(here, node)
            or self._cluster.fabric.boot(node) is None
        ):
            return f"ssh: connect to host {address} port 22: No route to host\n"
        own, theirs = self._machines[here], self._machines[node]
        if self._cluster.member(here) and self._cluster.member(node):
            return ""
        key = (theirs.read(HOST_KEY) or "").split()[1]
        if f"{address} ssh-ed25519 {key}" not in (own.read(KNOWN) or ""):
            return STRANGER
        return (
            ""
            if (own.read(PUBLIC) or "?").split()[1] in (theirs.read(AUTHORIZED) or "")
            else DENIED.format(address=address)
        )

    def fresh(self, node: str) -> None:
        """Somebody has installed `node` anew; its guests run elsewhere, or there are none any more."""
        cluster, book = self._cluster, self._cluster.book
        others = [other for other in cluster.corosync.nodes if other != node]
        for number, guest in enumerate([one for one in book.guests.values() if one.node == node]):
            if others:
                self._elsewhere(guest.vmid, others[number % len(others)])
                continue
            if guest.vmid in cluster.guests.processes:
                cluster.guests.kill(guest.vmid)
            del book.guests[guest.vmid]
            book.resources.pop(f"vm:{guest.vmid}", None)
            book.services.pop(f"vm:{guest.vmid}", None)
        if cluster.member(node):
            self._forget(node)
        for path in (AUTHORIZED, KNOWN):
            self._machines[node].files.pop(path, None)
        cluster.nodes[node].own = Book()

    def _elsewhere(self, vmid: int, target: str) -> None:
        """A guest was moved before."""
        cluster, book, sid = self._cluster, self._cluster.book, f"vm:{vmid}"
        book.guests[vmid].node = target
        if vmid in cluster.guests.processes:
            cluster.guests.processes[vmid].node = target
        service = book.services.get(sid)
        if service is not None:
            book.change(service, "started", node=target)
            service.running = True
            result = Result(sid, "started", 0)
            book.lrms[target].results[service.uid] = result
            cluster.nodes[target].lrm.knows(service.uid, result)

    def _forget(self, node: str) -> None:
        """Neither corosync nor HA knows it any more."""
        cluster, book = self._cluster, self._cluster.book
        for known in (book.verdicts, book.lrms, book.maintenance):
            known.pop(node, None)
        book.release(agent_lock(node))
        if book.master == node:
            book.master = ""
            book.release(MANAGER_LOCK)
        cluster.corosync.remove(node)
        one = cluster.nodes[node]
        one.frozen = None
        one.crm.forget()
        one.lrm.forget()
