"""pacemaker on a simulated storage node: crm_mon, crm_resource, crm_standby, cibadmin, stonith_admin.

Formats: recordings of pacemaker 2.1.5. It fences by the servers' own IPMI. That of a server that has lost its
power does not answer: the node stays unclean, and nothing is taken over until somebody confirms.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from saitotui.simulator.storage_state import StorageNode
from saitotui.simulator.world import Printed, ignoring

if TYPE_CHECKING:
    from saitotui.simulator.storage import StoragePart

PACEMAKER = "pacemaker"
GROUP = "g_nfs"
_SERVICE = (
    ("p_fs", "ocf:heartbeat:Filesystem"),
    ("p_nfsd", "systemd:nfs-server"),
    ("p_ip", "ocf:heartbeat:IPaddr2"),
)
_FLAGS = (
    'orphaned="false" blocked="false" managed="true" failed="false" failure_ignored="false" '
    'nodes_running_on="{count}"'
)
_GONE = """<pacemaker-result api-version="2.25" request="crm_mon --output-as=xml">
  <status code="102" message="Not connected">
    <errors>
      <error>crm_mon: Connection to cluster failed: Connection refused</error>
    </errors>
  </status>
</pacemaker-result>
"""


class PacemakerTools:
    """The programs of one node."""

    def __init__(self, part: StoragePart, node: StorageNode) -> None:
        self._part = part
        self._node = node

    def install(self) -> None:
        machine = self._node.machine
        plain: dict[str, Callable[[Sequence[str]], Printed]] = {
            "crm_mon": self._crm_mon, "crm_resource": self._crm_resource, "crm_standby": self._crm_standby,
            "cibadmin": self._cibadmin, "stonith_admin": self._stonith_admin,
        }  # fmt: skip
        machine.programs |= {name: ignoring(self._joined(function)) for name, function in plain.items()}

    def _joined(self, function: Callable[[Sequence[str]], Printed]) -> Callable[[Sequence[str]], Printed]:
        """A program that needs the cluster; crm_mon says in XML that there is none."""

        def run(words: Sequence[str]) -> Printed:
            if self._node.manager_runs:
                return function(words)
            if words[0] == "crm_mon":
                return Printed(_GONE, status=102)
            return Printed(err=f"{words[0]}: Could not connect to the CIB: Not connected\n", status=102)

        return run

    def _crm_mon(self, words: Sequence[str]) -> Printed:
        both = list(self._part.nodes.values())
        dc = min(one.name for one in both if self._online(one))
        members = "".join(self._member(one) for one in both)
        active = next((one for one in both if one.active and self._online(one)), None)
        service = "".join(_resource(*one, "Started", active) for one in _SERVICE)
        fence = _resource("p_fence", "stonith:external/ipmi", "Started", self._node)
        copies = "".join(_resource("p_drbd", "ocf:linbit:drbd", *self._copy(one)) for one in both)
        return Printed(
            '<pacemaker-result api-version="2.25" request="crm_mon --output-as=xml">\n  <summary>\n'
            f'    <current_dc present="true" version="2.1.5" name="{dc}" with_quorum="true"/>\n'
            '    <cluster_options stonith-enabled="true" maintenance-mode="false"/>\n'
            f"  </summary>\n  <nodes>\n{members}  </nodes>\n  <resources>\n"
            f'    <group id="{GROUP}" number_resources="3" managed="true">\n{service}    </group>\n{fence}'
            f'    <clone id="ms_drbd" multi_state="true" managed="true">\n{copies}    </clone>\n'
            '  </resources>\n  <status code="0" message="OK"/>\n</pacemaker-result>\n'
        )

    def _online(self, one: StorageNode) -> bool:
        return one is self._node or (self._node.peer_seen and one.manager_runs)

    def _member(self, one: StorageNode) -> str:
        flags = {
            "online": self._online(one),
            "standby": one.standby,
            "maintenance": False,
            "unclean": one is not self._node and self._node.peer_unclean,
            "pending": False,
        }
        words = " ".join(f'{name}="{_flag(value)}"' for name, value in flags.items())
        return f'    <node name="{one.name}" id="{one.name[-1]}" {words} type="member"/>\n'

    def _copy(self, one: StorageNode) -> tuple[str, StorageNode | None]:
        if not (self._online(one) and one.loaded):
            return "Stopped", None
        return ("Promoted" if one.role == "Primary" else "Unpromoted"), one

    def _cibadmin(self, words: Sequence[str]) -> Printed:
        bound = self._part.bound
        rule = f'<rsc_location id="cli-prefer-{GROUP}" rsc="{GROUP}" node="{bound}" score="INFINITY"/>'
        fixed = '<rsc_colocation id="c_nfs_on_drbd" score="INFINITY" rsc="g_nfs" with-rsc="ms_drbd"/>'
        return Printed(f"<constraints>\n  {fixed}\n{f'  {rule}' if bound else ''}\n</constraints>\n")

    def _crm_resource(self, words: Sequence[str]) -> Printed:
        part = self._part
        if "--move" in words:
            name = words[words.index("--node") + 1]
            if name not in part.nodes:
                return Printed(err=f"crm_resource: Node '{name}' not found\n", status=105)
            part.bound = name
            part.move(part.nodes[name])
        elif "--clear" in words:
            part.bound = ""
        return Printed()

    def _crm_standby(self, words: Sequence[str]) -> Printed:
        node = self._part.nodes.get(words[words.index("--node") + 1])
        if node is None:
            return Printed(err="crm_standby: Could not map name to a UUID\n", status=105)
        node.standby = "--delete" not in words
        if node.standby:
            self._part.park(node)
        else:
            node.loaded = True
        return Printed()

    def _stonith_admin(self, words: Sequence[str]) -> Printed:
        if "--confirm" in words and words[-1] in self._part.nodes:
            self._part.confirm(self._node)
        return Printed()


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _resource(name: str, agent: str, role: str, where: StorageNode | None) -> str:
    head = f'      <resource id="{name}" resource_agent="{agent}" role="{role if where else "Stopped"}"'
    head += f' active="{_flag(where is not None)}" {_FLAGS.format(count=int(where is not None))}'
    if where is None:
        return f"{head}/>\n"
    there = f'<node name="{where.name}" id="{where.name[-1]}" cached="true"/>'
    return f"{head}>\n        {there}\n      </resource>\n"
