"""What a simulated HAProxy node shows of itself: statistics, states, configuration."""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.simulator.haproxy_state import READ, SOCKET, STATE_FILE, WRITE, BackendServer, Node
from saitotui.simulator.world import World

_STAT_HEAD = (
    "# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,"
    "weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,rate_lim,"
    "rate_max,check_status,check_code,check_duration,hrsp_1xx,hrsp_2xx,hrsp_3xx,hrsp_4xx,hrsp_5xx,hrsp_other,"
    "hanafail,req_rate,req_rate_max,req_tot,cli_abrt,srv_abrt,comp_in,comp_out,comp_byp,comp_rsp,lastsess,"
    "last_chk,last_agt,qtime,ctime,rtime,ttime,agent_status,agent_code,agent_duration,check_desc,agent_desc,"
    "check_rise,check_fall,check_health,agent_rise,agent_fall,agent_health,addr,cookie,mode"
)
_COLUMNS = _STAT_HEAD[2:].split(",")


class Show:
    """Writes the answers of the runtime API's `show` commands."""

    def __init__(self, world: World) -> None:
        self._world = world

    def show_stat(self, node: Node) -> str:
        rows = [_STAT_HEAD + ","]
        for iid, backend in ((2, WRITE), (3, READ)):
            servers = node.backend(backend)
            if not servers:
                continue
            sessions = sum(server.sessions for server in servers)
            up = any(server.takes for server in servers)
            front = {
                "svname": "FRONTEND",
                "scur": sessions,
                "slim": 2000,
                "status": "OPEN",
                "type": 0,
                "mode": "tcp",
            }
            rows.append(_row(backend, iid, front))
            rows += [_row(backend, iid, self._stat(node, server)) for server in servers]
            whole = {
                "svname": "BACKEND",
                "scur": sessions,
                "status": "UP" if up else "DOWN",
                "type": 1,
                "mode": "tcp",
            }
            rows.append(_row(backend, iid, whole))
        return "\n".join(rows) + "\n"

    def _stat(self, node: Node, server: BackendServer) -> Mapping[str, object]:
        words = {
            "L7OK": "Layer7 check passed",
            "L4CON": "Layer4 connection problem",
            "L4TOUT": "Layer4 timeout",
        }
        maint = server.admin == "maint"
        return {
            "svname": server.name,
            "scur": server.sessions,
            "smax": 32,
            "stot": server.total,
            "status": server.status,
            "weight": server.weight,
            "act": int(not server.backup),
            "bck": int(server.backup),
            "lastchg": int(self._world.clock.now() - server.changed),
            "sid": server.number,
            "type": 2,
            "check_status": "" if maint else server.check,
            "last_chk": "",
            "check_desc": "" if maint else words.get(server.check, server.check),
            "addr": f"{self._world.machines[server.name].address}:3306",
            "mode": "tcp",
        }

    def show_info(self, node: Node) -> str:
        up = int(self._world.clock.now() - node.started)
        sessions = sum(server.sessions for server in node.backend(WRITE))
        return (
            "Name: HAProxy\nVersion: 2.6.12-1+deb12u4\nRelease_date: 2026/10/17\nNbthread: 2\nNbproc: 1\n"
            f"Process_num: 1\nPid: 452\nUptime: {up // 86400}d\nUptime_sec: {up}\nMaxconn: 2000\n"
            f"Hard_maxconn: 2000\nCurrConns: {sessions}\nCumConns: {10891 + up}\nStopping: 0\n"
            f"node: {node.name}\n"
        )

    def servers_state(self, node: Node) -> str:
        """`show servers state`, version 1 of the format (management guide, 9.3)."""
        head = (
            "1\n# be_id be_name srv_id srv_name srv_addr srv_op_state srv_admin_state srv_uweight "
            "srv_iweight "
            "srv_time_since_last_change srv_check_status srv_check_result srv_check_health srv_check_state "
            "srv_agent_state bk_f_forced_id srv_f_forced_id srv_fqdn srv_port srvrecord srv_use_ssl "
            "srv_check_port srv_check_addr srv_agent_addr srv_agent_port\n"
        )
        rows = []
        for (backend, name), server in node.servers.items():
            op = 2 if server.takes else 0
            admin = {"ready": 0, "maint": 5 if server.configured_off else 1, "drain": 8}[server.admin]
            since = int(self._world.clock.now() - server.changed)
            address = self._world.machines[name].address
            rows.append(
                f"{2 if backend == WRITE else 3} {backend} {server.number} {name} {address} {op} {admin} "
                f"{server.weight} {server.weight} {since} 15 3 4 6 0 0 0 - 3306 - 0 0 - - 0\n"
            )
        return head + "".join(rows)

    def servers_conn(self, node: Node) -> str:
        rows = [
            "# bkname/svname bkid/svid addr port - purge_delay used_cur used_max need_est unsafe_nb safe_nb "
            "idle_lim idle_cur idle_per_thr[2]"
        ]
        for (backend, name), server in node.servers.items():
            address = self._world.machines[name].address
            used = f"{server.sessions} 32 0 0 0 -1 0 0 0"
            rows.append(f"{backend}/{name} 2/{server.number} {address} 3306 - 5000 {used}")
        return "\n".join(rows) + "\n"

    def sessions(self, node: Node) -> str:
        return "".join(
            f"0x7f03840{number:04x}: proto=tcpv4 src=10.0.0.61:{50000 + number} "
            f"fe={server.backend} be={server.backend} "
            f"srv={server.name} ts=00 epoch=0 age=2s calls=3\n"
            for server in node.servers.values()
            for number in range(server.sessions)
        )

    def config(self, node: Node) -> str:
        lines = [
            "global",
            f"    stats socket {SOCKET} mode 660 level admin expose-fd listeners",
            "    hard-stop-after 5s",
            f"    server-state-file {STATE_FILE}",
            "defaults",
            "    mode tcp",
            "    load-server-state-from-file global",
        ]
        for backend, port in ((WRITE, 3306), (READ, 3307)):
            lines += [f"listen {backend}", f"    bind {node.machine.address}:{port}"]
            lines += ["    option mysql-check user haproxy post-41"]
            for server in node.backend(backend):
                words = ["backup"] * server.backup + ["disabled"] * server.configured_off
                address = self._world.machines[server.name].address
                lines.append(f"    server {server.name} {address}:3306 check {' '.join(words)}".rstrip())
        return "\n".join(lines) + "\n"


def _row(backend: str, iid: int, values: Mapping[str, object]) -> str:
    known = {"pxname": backend, "iid": iid, "pid": 1, **values}
    return ",".join(str(known.get(column, "")) for column in _COLUMNS) + ","
