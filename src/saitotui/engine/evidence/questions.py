"""What is collected from every machine of a platform: raw, tier by tier, nothing judged.

All of it only reads. What a dialect or a machine does not know comes back as its error, which is kept too:
MariaDB and MySQL are each asked in both their languages.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.model.command import Client, Command
from saitotui.model.profile import Profile

LINES = 2_000
"""Lines of each log."""


@dataclass(frozen=True, slots=True)
class Item:
    """One file of the archive: `name` is its path there, `command` what fills it."""

    name: str
    command: Command


_SQL = {
    "processlist": "SHOW FULL PROCESSLIST",
    "innodb-status": "SHOW ENGINE INNODB STATUS",
    "status": "SHOW GLOBAL STATUS",
    "variables": "SHOW GLOBAL VARIABLES",
    "replica-mariadb": "SHOW ALL SLAVES STATUS",
    "replica-mysql": "SHOW REPLICA STATUS",
    "binary-log-mariadb": "SHOW MASTER STATUS",
    "binary-log-mysql": "SHOW BINARY LOG STATUS",
    "binary-logs": "SHOW BINARY LOGS",
    "transactions": "SELECT * FROM information_schema.INNODB_TRX",
}
_HAPROXY = ("show stat", "show info", "show sess all", "show servers state", "show errors")
_HOST = {
    "uptime": "date -u; uptime; cat /proc/loadavg /proc/meminfo",
    "processes": "ps axo pid,ppid,user,stat,wchan:20,etimes,rss,pcpu,comm",
    "disks": "df -P; df -Pi; cat /proc/mounts",
    "sockets": "ss -tanp 2>/dev/null || netstat -tan",
    "addresses": "ip address; ip route; ip -s link",
    "kernel": f"dmesg 2>&1 | tail -n {LINES}",
    "journal": f"journalctl --no-pager -n {LINES} 2>&1 || tail -n {LINES} /var/log/syslog",
}
_STORAGE = {
    "drbd": "cat /proc/drbd 2>&1; drbdadm status all 2>&1; drbdadm cstate all 2>&1; drbdadm dstate all 2>&1",
    "heartbeat": f"cl_status rscstatus 2>&1; tail -n {LINES} /var/log/ha-log /var/log/heartbeat.log 2>&1",
    "nfs": "exportfs -v 2>&1; cat /proc/fs/nfsd/clients/*/info /var/lib/nfs/rmtab 2>&1",
}
_CLUSTER = {
    "cluster": "pvecm status 2>&1; corosync-cfgtool -s 2>&1; corosync-quorumtool -s 2>&1",
    "high-availability": "ha-manager status -v 2>&1; cat /etc/pve/ha/manager_status 2>&1",
}


def items(profile: Profile) -> list[Item]:
    """Everything that is asked, each file's name once."""
    every = [*_hosts(profile), *_database(profile), *_storage(profile), *_cluster(profile)]
    return [*every, *_application(profile)]


def _on(host: str, questions: dict[str, str]) -> Iterator[Item]:
    for name, text in questions.items():
        # One subshell each: what one of them exits with or changes does not reach the next.
        yield Item(f"hosts/{host}/{name}.txt", Command(Client.SSH, host, f"( {text} )"))


def _hosts(profile: Profile) -> Iterator[Item]:
    for host in profile.hosts:
        yield from _on(host, _HOST)


def _database(profile: Profile) -> Iterator[Item]:
    if profile.database is None:
        return
    for server in profile.database.servers:
        for name, text in _SQL.items():
            yield Item(f"database/{server}/{name}.txt", Command(Client.MYSQL, server, text))
    for balancer in profile.database.haproxy:
        for text in _HAPROXY:
            name = text.replace(" ", "-")
            yield Item(f"haproxy/{balancer}/{name}.txt", Command(Client.HAPROXY, balancer, text))


def _storage(profile: Profile) -> Iterator[Item]:
    for host in profile.storage.nodes.values() if profile.storage else ():
        yield from _on(host, _STORAGE)


def _cluster(profile: Profile) -> Iterator[Item]:
    for host in profile.cluster.nodes.values() if profile.cluster else ():
        yield from _on(host, _CLUSTER)


def _application(profile: Profile) -> Iterator[Item]:
    if profile.application is None:
        return
    for name, nginx in profile.application.nginx.items():
        log = shell(nginx.access_log)
        errors = shell(nginx.error_log)
        yield from _on(nginx.host, {f"nginx-{name}": f"tail -n {LINES} {log} {errors} 2>&1"})
    for name in profile.application.tomcats:
        for what in ("threaddump", "vminfo", "list"):
            command = Command(Client.HTTP, name, f"GET /text/{what}")
            yield Item(f"tomcat/{name}/{what}.txt", command)
