"""The platform of bare Debian hosts: made, cut off at every act and finished, then worked with."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml
from tests.lab.bare.platform import BALANCERS, CLOCK, PASSWORDS, BarePlatform
from tests.lab.bare.storage import DISK, OTHER
from tests.lab.host import LONG, wait_for
from tests.lab.storage.network import FRONT, GATEWAY, Network
from tests.lab.storage.profile import FLOATING_IP
from tests.lab.swaps import Profiled, digest_of, environment, saitotui, walk
from tests.lab.war import Wars

from saitotui.cli.plan import REFUSED
from saitotui.clients.quoting import shell
from saitotui.configs import ConfigFile
from saitotui.configs.hosts import TABLE
from saitotui.runbooks.killing import LIFE
from saitotui.runbooks.machines.firewall import LETS_GO, loaded

pytestmark = pytest.mark.lab

ALREADY = 10
"""What a run ends with that had nothing to do."""
WHOLE = "bootstrap-platform"
PARTS = ("bootstrap-hosts", "bootstrap-storage", "bootstrap-database", "bootstrap-application")
STRIDE = 12
"""Acts that each run comes further than the one before: there are more than a hundred."""

ASK = (
    "exec 3<>/dev/tcp/10.81.0.51/80; "
    'printf "GET /app/count HTTP/1.1\\r\\nHost: shop\\r\\nConnection: close\\r\\n\\r\\n" >&3; cat <&3'
)
"""bash that asks nginx for a page of the application."""


@dataclass(frozen=True)
class Other:
    """Another profile of the same hosts."""

    profile: Path


@pytest.fixture(scope="module")
def bare(privileged: None) -> Iterator[BarePlatform]:
    with (
        tempfile.TemporaryDirectory(prefix="saitotui-bare-") as name,
        Network() as network,
        BarePlatform(Path(name), network) as platform,
        network.entered(),
    ):
        yield platform


@pytest.fixture(scope="module")
def wars(bare: BarePlatform) -> Wars:
    ways = ",".join(f"{bare.hosts[name].address}:3306" for name in BALANCERS)
    database = f"jdbc:mariadb:sequential://{ways}/app?user=app&password={PASSWORDS['application']}"
    return Wars(bare.folder / "wars", f"{database}&connectTimeout=1000&socketTimeout=3000&retriesAllDown=2")


def acts(said: str) -> list[str]:
    return [line for line in said.splitlines() if " ACT " in line]


def found(bare: BarePlatform, state: Path, tier: str) -> list[str]:
    told = json.loads(saitotui(bare, state, "status", "--json").stdout)
    return [one["code"] for one in told["findings"] if one["code"].startswith(f"{tier}.")]


def write(bare: BarePlatform, balancer: str) -> None:
    """The application writes a row through a balancer."""
    login = f"-h {bare.hosts[balancer].address} -u app -p{PASSWORDS['application']}"
    bare.hosts["db1"].ssh(f'mariadb {login} app -e "INSERT INTO orders (node) VALUES (1)"')


def rows(bare: BarePlatform, name: str) -> int:
    return int(bare.hosts[name].says("mariadb -NBe 'SELECT COUNT(*) FROM app.orders'"))


def cut_off(bare: BarePlatform, state: Path, runbook: str, after: int) -> str | None:
    """Runs it and cuts off everything of it at its act number `after`; the stage that it came to, or None
    where it came to its end."""
    digest = digest_of(bare, state, runbook)
    order = ("run", runbook, "--reason", "a drill", "--yes", digest, "--accept-amber")
    run = subprocess.Popen(
        [sys.executable, "-m", "saitotui", *order, "--profile", str(bare.profile)],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        env=environment(state),
    )  # fmt: skip
    assert run.stdout is not None
    seen, stage, last = 0, "", ""
    try:
        for line in run.stdout:
            last = line
            stage = line.partition(" STAGE ")[2].strip() or stage
            seen += " ACT " in line
            if seen == after:
                end_of_run(state)
                return stage
    finally:
        run.kill()
        run.wait(LONG)
        run.stdout.close()
    assert "done, and proven" in last or "everything already" in last, last
    return None


def end_of_run(state: Path) -> None:
    """Kills the newest run's supervisor and its process, as a power cut of this computer would."""
    folder = max(state.glob("*/*/runs/*"), key=lambda path: path.name)
    pid = int((folder / "pid").read_text("ascii"))
    for victim in (parent_of(pid), pid):
        os.kill(victim, signal.SIGKILL)


def parent_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    return int(next(line.split()[1] for line in status.splitlines() if line.startswith("PPid:")))


@contextmanager
def begun_run(bare: BarePlatform, state: Path, runbook: str, *more: str) -> Iterator[Callable[[], str]]:
    """A run that goes on in the block, and what it has printed; it is cut off after it."""
    log = state / "begun.log"
    digest = digest_of(bare, state, runbook, *more)
    order = ("run", runbook, "--reason", "a drill", "--yes", digest, "--accept-amber")
    with log.open("w") as output:
        run = subprocess.Popen(
            [sys.executable, "-m", "saitotui", *order, *more, "--profile", str(bare.profile)],
            stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment(state),
        )  # fmt: skip
    try:
        yield lambda: log.read_text("utf-8", "replace")
    finally:
        end_of_run(state)
        run.kill()
        run.wait(LONG)


def test_cut_off_in_every_stage_it_is_finished_by_the_next_run(bare: BarePlatform, tmp_path: Path) -> None:
    """Bare hosts at first; each run comes some acts further than the one before."""
    begun, cuts, stages = time.monotonic(), 0, set()
    while (stage := cut_off(bare, tmp_path / str(cuts), WHOLE, STRIDE)) is not None:
        cuts += 1
        stages.add(stage)
        print(f"\n{time.monotonic() - begun:.0f} s: cut off in {stage}")
    for part in ("hosts", "storage", "database", "application"):
        assert [stage for stage in stages if f"{part}: " in stage], stages
    print(f"\n{WHOLE}: cut off {cuts} times, made after {time.monotonic() - begun:.0f} s")


def again(bare: Profiled, state: Path, runbook: str) -> subprocess.CompletedProcess[str]:
    order = ("run", runbook, "--reason", "a drill", "--accept-amber", "--yes")
    return saitotui(bare, state, *order, digest_of(bare, state, runbook), seconds=300)


@pytest.mark.parametrize("runbook", [WHOLE, *PARTS])
def test_made_again_nothing_changes(bare: BarePlatform, tmp_path: Path, runbook: str) -> None:
    done = again(bare, tmp_path, runbook)
    assert done.returncode == ALREADY, done.stdout + done.stderr
    assert acts(done.stdout) == []
    for password in PASSWORDS.values():
        assert password not in done.stdout


def test_what_was_made_is_well(bare: BarePlatform, tmp_path: Path) -> None:
    assert found(bare, tmp_path, "database") == []
    # The storage hosts of this run were just started.
    assert set(found(bare, tmp_path, "hosts")) <= {"hosts.load-high", "hosts.rebooted"}
    # Nobody mounts the export here, and nothing is deployed yet.
    assert set(found(bare, tmp_path, "storage")) <= {"storage.clients-missing"}
    for name, host in {**bare.hosts, **bare.storage.hosts}.items():
        if name != CLOCK:
            assert host.says("uname -n") == name
            assert host.says("getent ahostsv4 db2 | head -n 1").split()[0] == bare.hosts["db2"].address


def test_the_firewall_lets_in_whom_it_shall(bare: BarePlatform) -> None:
    """A stranger on the same cable comes to nginx, and to nothing else."""
    stranger = "10.99.0.1"
    bare.network.run("ip", "addr", "add", f"{stranger}/24", "dev", FRONT)
    try:
        for name, port, comes in (("web1", 80, True), ("web1", 22, False), ("db1", 3306, False)):
            host = bare.hosts[name]
            host.ssh("ip route replace 10.99.0.0/24 dev eth0")
            bind = (
                f"import socket; socket.create_connection(('{host.address}', {port}), 2, ('{stranger}', 0))"
            )
            line = bare.network.inside(sys.executable, "-c", bind)
            done = subprocess.run(line, capture_output=True, timeout=LONG)
            assert (done.returncode == 0) is comes, (name, port, done.stderr[-200:])
    finally:
        bare.network.run("ip", "addr", "del", f"{stranger}/24", "dev", FRONT)


def test_rules_that_let_nobody_in_are_taken_back_by_the_host(bare: BarePlatform) -> None:
    """The console dies right after it loaded them: nobody confirms them, and nobody comes in meanwhile."""
    host = bare.hosts["lb1"]
    rules = (
        f'table {TABLE}\ndelete table {TABLE}\ntable {TABLE} {{ comment "saitotui-000000000000"\n'
        "chain input {\ntype filter hook input priority 0; policy drop;\n}\n}"
    )
    file = ConfigFile("/root/shut.conf", rules)
    host.ssh(f"echo {shell(rules)} > {file.path}")
    (act,) = loaded("lb1", file).acts
    before = host.says(f"nft list table {TABLE}")
    # The answer of this very command does not come back.
    host.ssh(act.command.text.replace(f"--on-active={LETS_GO}", "--on-active=8"), 3.0, check=False)
    assert not host.comes_in()
    wait_for("the host to take them back", host.comes_in, every=0.5)
    assert host.says(f"nft list table {TABLE}") == before


def test_users_write_to_what_was_made(bare: BarePlatform, tmp_path: Path) -> None:
    """A client mounts the export, and has it through a move."""
    pair = bare.storage
    client = pair.client
    client.ssh(f"mount -t nfs -o vers=4.2 {FLOATING_IP}:/srv/nfs /mnt/nfs && echo hello >/mnt/nfs/hello")
    before = pair.serving()
    walk(bare, tmp_path, "fail-over-drbd")
    assert pair.serving() not in (None, before)
    assert client.says("cat /mnt/nfs/hello") == "hello"
    assert found(bare, tmp_path, "storage") == []
    assert again(bare, tmp_path, WHOLE).returncode == ALREADY


def test_a_disk_that_is_not_empty_is_not_taken(bare: BarePlatform, tmp_path: Path) -> None:
    other = tmp_path / "other.yaml"
    other.write_text(bare.profile.read_text("utf-8").replace(DISK, OTHER), "utf-8")
    done = again(Other(other), tmp_path, "bootstrap-storage")
    assert done.returncode == REFUSED, done.stdout
    assert f"RED: {OTHER} on st1 is empty, or DRBD's: it holds ext4" in done.stdout


def test_who_would_shut_himself_out_is_refused(bare: BarePlatform, tmp_path: Path) -> None:
    profile = yaml.safe_load(bare.profile.read_text("utf-8"))
    every = [host["address"] for host in profile["hosts"].values()]
    profile["build"]["networks"] = [*(f"{address}/32" for address in every), "10.82.0.0/24"]
    other = tmp_path / "other.yaml"
    other.write_text(yaml.safe_dump(profile), "utf-8")
    done = again(Other(other), tmp_path, "bootstrap-hosts")
    assert done.returncode == REFUSED, done.stdout + done.stderr
    assert f"RED: the firewall of db1 will let this console in: it comes from {GATEWAY}" in done.stdout


def test_haproxy_knows_who_takes_writes(bare: BarePlatform) -> None:
    """A master that is closed is no place to send writes to, though it answers."""

    def states() -> set[str]:
        ask = "echo 'show stat' | socat - /run/haproxy/admin.sock | grep '^mysql_write,db1,' | cut -d , -f 18"
        return {bare.hosts[name].says(ask).partition(" ")[0] for name in BALANCERS}

    assert states() == {"UP"}
    bare.hosts["db1"].ssh("mariadb -e 'SET GLOBAL read_only = 1'")
    try:
        wait_for("both balancers to see that it is closed", lambda: states() == {"DOWN"}, every=0.5)
    finally:
        bare.hosts["db1"].ssh("mariadb -e 'SET GLOBAL read_only = 0'")
    wait_for("both balancers to see that it is open", lambda: states() == {"UP"}, every=0.5)


def test_it_takes_an_application(bare: BarePlatform, wars: Wars, tmp_path: Path) -> None:
    """The first version, which is tried by users, and another one beside it."""
    columns = "id BIGINT PRIMARY KEY AUTO_INCREMENT, node VARCHAR(32) NOT NULL"
    bare.hosts["db1"].ssh(f'mariadb app -e "CREATE TABLE orders ({columns})"')
    walk(bare, tmp_path, "deploy-first-version", "-p", f"war={wars.build('001')}")
    assert found(bare, tmp_path, "application") == []
    for name in BALANCERS:
        write(bare, name)
    assert rows(bare, "db2") == rows(bare, "db1") > 2
    replication = bare.hosts["db2"].says("mariadb -e 'SHOW REPLICA STATUS\\G'")
    assert "Master_SSL_Verify_Server_Cert: Yes" in replication


def test_what_was_made_is_swapped(bare: BarePlatform, tmp_path: Path) -> None:
    walk(bare, tmp_path, "swap-db-master")
    assert found(bare, tmp_path, "database") == []
    assert bare.hosts["db2"].says("mariadb -NBe 'SELECT @@read_only'") == "0"
    for name in BALANCERS:
        write(bare, name)
    assert rows(bare, "db1") == rows(bare, "db2")
    # What is there now is what the profile wants, whoever is master.
    done = again(bare, tmp_path, "bootstrap-database")
    assert done.returncode == ALREADY, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("drill", "dead", "more"),
    [
        ("drill-db-replica", "db1", ()),
        ("drill-db-haproxy", "lb1", ("-p", "node=lb1")),
        ("drill-tomcat", "tc2", ("-p", "node=tc2")),
    ],
)
def test_a_host_that_dies_comes_back(
    bare: BarePlatform, tmp_path: Path, drill: str, dead: str, more: tuple[str, ...]
) -> None:
    """It boots with the files that it had: who is master is what it was, and the firewall is in force."""
    before = bare.hosts[dead].says(LIFE)
    said = walk(bare, tmp_path, drill, *more)
    assert "login works" in said
    assert bare.hosts[dead].says(LIFE) != before
    assert TABLE.split()[-1] in bare.hosts[dead].says("nft list tables")
    assert found(bare, tmp_path, "database") == found(bare, tmp_path, "application") == []
    assert rows(bare, "db1") == rows(bare, "db2")
    assert f"{drill}: " in saitotui(bare, tmp_path, "journal", "baselines").stdout


def test_what_was_made_takes_a_version_beside_the_first(
    bare: BarePlatform, wars: Wars, tmp_path: Path
) -> None:
    """Old sessions keep the first one there: it is left at that gate."""
    war = wars.build("002")
    with begun_run(bare, tmp_path, "parallel-deploy-war", "-p", f"war={war}", "-p", "soak=2") as said:
        wait_for("the second version to be proven", lambda: " STAGE stage 4: " in said(), every=0.2)
    version = bare.hosts["tc1"].says(f"timeout 5 bash -c '{ASK}' | tail -n 1")
    assert "version=002" in version


def test_what_somebody_changed_is_shown_before_it_is_replaced(bare: BarePlatform, tmp_path: Path) -> None:
    bare.hosts["lb2"].ssh("sed -i 's/timeout check 1s/timeout check 9s/' /etc/haproxy/haproxy.cfg")
    assert "hosts.config-drift" in found(bare, tmp_path, "hosts")
    said = walk(bare, tmp_path, "bootstrap-database")
    assert "hosts.config-drift" not in found(bare, tmp_path, "hosts")
    line = "AMBER: /etc/haproxy/haproxy.cfg on lb2 is not there yet, or as the profile wants it"
    assert f"{line}: -    timeout check 9s; +    timeout check 1s" in said
    assert found(bare, tmp_path, "database") == []
    assert len(acts(said)) == 2
    bare.storage.hosts["st2"].ssh("sed -i 's/^deadtime .*/deadtime 60/' /etc/ha.d/ha.cf")
    said = walk(bare, tmp_path, "bootstrap-storage")
    line = "AMBER: /etc/ha.d/ha.cf on st2 is not there yet, or as the profile wants it"
    assert f"{line}: -deadtime 60; +deadtime 5" in said
    assert len(acts(said)) == 1
    assert bare.storage.hosts["st2"].says("grep ^deadtime /etc/ha.d/ha.cf.before") == "deadtime 60"
    # A Tomcat that has users is told of, and left running.
    host = bare.hosts["tc2"]
    host.ssh("sed -i 's/-Xmx128m/-Xmx64m/' /etc/default/tomcat10")
    before = host.says("systemctl show -P ExecMainStartTimestamp tomcat10")
    said = walk(bare, tmp_path, "bootstrap-application")
    assert "/etc/default/tomcat10 at its next start: restart-tomcats" in said
    assert host.says("systemctl show -P ExecMainStartTimestamp tomcat10") == before


def test_a_file_that_its_checker_refuses_is_not_put_there(bare: BarePlatform, tmp_path: Path) -> None:
    """A buffer pool that is no size: MariaDB says so, and the old file stays."""
    other = tmp_path / "other.yaml"
    text = bare.profile.read_text("utf-8")
    other.write_text(text.replace("buffer_pool: 64M", "buffer_pool: plenty"), "utf-8")
    done = again(Other(other), tmp_path, "bootstrap-database")
    assert done.returncode not in (0, ALREADY), done.stdout
    assert "option 'innodb-buffer-pool-size': unsigned value 0 adjusted to" in done.stdout.splitlines()[-1]
    assert "64M" in bare.hosts["db1"].says("cat /etc/mysql/mariadb.conf.d/99-saitotui.cnf")


def test_a_server_that_holds_something_is_not_taken(bare: BarePlatform, tmp_path: Path) -> None:
    """Somebody's own server, which logs nothing: its rows would be on no replica."""
    host = bare.hosts["db1"]
    host.ssh("rm /etc/mysql/mariadb.conf.d/99-saitotui.cnf && systemctl restart mariadb")
    done = again(bare, tmp_path, "bootstrap-database")
    assert done.returncode == REFUSED, done.stdout + done.stderr
    line = "RED: db1 holds nothing, or is a member already: it holds schema app, and logs nothing"
    assert line in done.stdout
