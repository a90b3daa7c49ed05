"""The lab's whole platform: lb1, lb2 (HAProxy), db1, db2 (MariaDB), web1 (nginx), tc1 to tc3 (Tomcat).

    with Subnet() as subnet, Lab(folder, subnet) as lab:
        lab.kill_master()
        ...
        lab.heal()

`lab.profile` is a profile of it. A fault returns when it has taken effect in the services themselves, so that
whoever looks next can see it; `heal` undoes all of them and waits until everything is well again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from tests.lab.haproxy import Haproxy
from tests.lab.host import LabError, Machine, Service, wait_for
from tests.lab.mariadb import PASSWORDS, MariaDb
from tests.lab.nginx import Nginx
from tests.lab.profile import write_profile
from tests.lab.sshd import Sshd, make_key
from tests.lab.subnet import Subnet
from tests.lab.tomcat import Tomcat
from tests.lab.war import Wars

NUMBERS = {"lb1": 9, "lb2": 10, "db1": 11, "db2": 12, "web1": 20, "tc1": 21, "tc2": 22, "tc3": 23}
BALANCERS, DATABASES, TOMCATS = ("lb1", "lb2"), ("db1", "db2"), ("tc1", "tc2", "tc3")
MASTER = "db1"
"""The database that takes writes at the start."""
VERSION = "001"
"""The application's version on all Tomcats at the start."""


class Lab:
    """`times`: seconds from the start of the first service until each did its work. `master` is the name of
    the database that takes writes when all is well."""

    def __init__(self, folder: Path, subnet: Subnet) -> None:
        self.folder = folder
        self.profile = folder / "profile.yaml"
        self.machines = {
            name: Machine(name, subnet.address(number), folder) for name, number in NUMBERS.items()
        }
        self.sshd: dict[str, Sshd] = {}
        self.databases: dict[str, MariaDb] = {}
        self.balancers: dict[str, Haproxy] = {}
        self.tomcats: dict[str, Tomcat] = {}
        self.nginx: Nginx
        self.wars: Wars
        self.times: dict[str, float] = {}
        self.master = MASTER
        self._exit = contextlib.ExitStack()
        self._undo: list[Callable[[], None]] = []

    def __enter__(self) -> Lab:
        with contextlib.ExitStack() as started:
            for machine in self.machines.values():
                started.callback(machine.power_off)
                machine.power_on()
            self._prepare()
            self._start()
            write_profile(self)
            self._exit = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cuts the power of all machines: nothing here is worth a good end."""
        self._exit.close()

    @property
    def services(self) -> list[Service]:
        return [
            *self.tomcats.values(),
            *self.databases.values(),
            *self.balancers.values(),
            self.nginx,
            *self.sshd.values(),
        ]

    @property
    def replica(self) -> str:
        return next(name for name in DATABASES if name != self.master)

    def address(self, name: str) -> str:
        return self.machines[name].address

    def _addresses(self, names: tuple[str, ...]) -> dict[str, str]:
        return {name: self.address(name) for name in names}

    def _prepare(self) -> None:
        machines = self.machines
        self.databases = {
            name: MariaDb(machines[name], number) for number, name in enumerate(DATABASES, start=1)
        }
        ways = ",".join(f"{self.address(name)}:3306" for name in BALANCERS)
        database = (
            f"jdbc:mariadb:sequential://{ways}/app?user=app&password={PASSWORDS['app']}"
            "&connectTimeout=1000&socketTimeout=3000&retriesAllDown=2"
        )
        with ThreadPoolExecutor(3) as pool:
            prepared = [pool.submit(server.prepare) for server in self.databases.values()]
            wars = pool.submit(Wars, self.folder / "wars", database)
            public = make_key(self.folder / "client_key")
            self.sshd = {name: Sshd(machine, public) for name, machine in machines.items()}
            for one in prepared:
                one.result()
            self.wars = wars.result()
        war = self.wars.build(VERSION)
        members = self._addresses(TOMCATS)
        self.balancers = {name: Haproxy(machines[name], self._addresses(DATABASES)) for name in BALANCERS}
        self.tomcats = {name: Tomcat(machines[name], members, war) for name in TOMCATS}
        self.nginx = Nginx(machines["web1"], members)

    def _start(self) -> None:
        started = time.monotonic()

        def ready(service: Service) -> None:
            service.ready()
            self.times[f"{service.machine.name} {service.name}"] = time.monotonic() - started

        for service in self.services:
            service.begin()
        for service in self.services:
            if not isinstance(service, Tomcat):
                ready(service)
        for server in self.databases.values():
            server.create_accounts()
        self.databases[self.replica].follow(self.databases[self.master])
        self.databases[self.master].become_master(schema=True)
        for tomcat in self.tomcats.values():
            ready(tomcat)
        self.settle()
        self.times["everything"] = time.monotonic() - started

    def settle(self) -> None:
        """Waits until all parts see each other well."""
        master, replica = self.databases[self.master], self.databases[self.replica]
        wait_for("the replica to acknowledge commits", master.acknowledged, log=master.log)
        wait_for("the replica to catch up", replica.caught_up, log=replica.log)
        self._balancers_find({self.master: "UP", self.replica: "MAINT"})
        for node in self.balancers.values():
            node.save_state()
        self._tomcats_see(set(TOMCATS))
        wait_for("orders to be taken", lambda: self.nginx.get("/app/orders") == 200)

    def _balancers_find(self, states: dict[str, str]) -> None:
        """Waits until all HAProxy nodes find each server in its state."""

        def agree() -> bool:
            found = [node.states() for node in self.balancers.values()]
            return all(one[name].startswith(word) for one in found for name, word in states.items())

        wait_for(f"HAProxy to find {states}", agree)

    def _tomcats_see(self, names: set[str]) -> None:
        """Waits until the Tomcats `names` see each other, and nobody else, in their cluster."""

        def agree() -> bool:
            return all(
                self.tomcats[name].peers() == {self.address(other) for other in names - {name}}
                for name in names
            )

        wait_for(f"{sorted(names)} to see each other", agree)

    def stop_replica(self) -> None:
        """STOP SLAVE was typed on the replica."""
        replica = self.databases[self.replica]
        replica.sql("STOP SLAVE")
        self._undo.append(lambda: _discard(replica.sql("START SLAVE")))

    def lag(self, seconds: int = 3) -> None:
        """A lock on the replica holds up what it applies, by at least `seconds`."""
        replica = self.databases[self.replica]
        holder = replica.connect()
        holder.cursor().execute("LOCK TABLES app.orders READ")
        self._undo.append(holder.close)

        def behind() -> bool:
            self.databases[self.master].sql("INSERT INTO app.orders (node) VALUES ('lag')")
            return (replica.replication["Seconds_Behind_Master"] or 0) >= seconds

        wait_for("the replica to lag", behind)

    def kill_master(self) -> None:
        """The master's process dies; HAProxy and the replica have noticed."""
        master, replica = self.databases[self.master], self.databases[self.replica]
        master.kill()

        def revive() -> None:
            master.start()
            master.become_master()

        self._undo.append(revive)
        self._balancers_find({self.master: "DOWN"})
        wait_for("the replica to notice", lambda: replica.replication["Slave_IO_Running"] != "Yes")

    def bring_back(self, name: str) -> None:
        """A server that died, or that others started, comes back, empty, as the replica of the one that is
        master now."""
        server, master = self.databases[name], self.databases[self.master]
        server.machine.run("pkill", "-KILL", "-x", "mariadbd")
        (server.machine.folder / "masked").unlink(missing_ok=True)
        server.rebuild(master)
        master.sql("SET GLOBAL rpl_semi_sync_master_enabled = ON")
        self._undo.clear()
        self.settle()

    def go_home(self) -> None:
        """Makes the database that was built as master the master again. Nobody may be writing."""
        if self.master == MASTER:
            return
        old, new = self.databases[self.master], self.databases[MASTER]
        old.sql("SET GLOBAL read_only = ON")
        wait_for(f"{MASTER} to have it all", lambda: new.position == old.position, log=new.log)
        new.become_master()
        old.follow(new)
        for node in self.balancers.values():
            node.lead_to(MASTER, [self.master])
        self.master = MASTER
        self.settle()
        self.nginx.forget()

    def disagree(self, name: str = "lb2") -> None:
        """One HAProxy node leads writes to the replica."""
        node = self.balancers[name]
        node.lead_to(self.replica, [self.master])
        wait_for(f"{name} to find the replica", lambda: node.states()[self.replica].startswith("UP"))
        self._undo.append(lambda: node.lead_to(self.master, [self.replica]))

    def kill_tomcat(self, number: int = 2) -> None:
        """A Tomcat's process dies; the others have noticed."""
        name = f"tc{number}"
        self.tomcats[name].kill()
        self._undo.append(lambda: _discard(self.tomcats[name].start()))
        self._tomcats_see(set(TOMCATS) - {name})

    def hang_tomcat(self, number: int = 2) -> None:
        """A Tomcat accepts connections and answers nothing."""
        tomcat = self.tomcats[f"tc{number}"]
        tomcat.pause()
        self._undo.append(tomcat.resume)

    def break_version(self, number: int = 2, version: str = "002-broken") -> None:
        """A version that does not start is deployed on one Tomcat."""
        tomcat = self.tomcats[f"tc{number}"]
        said = tomcat.deploy(self.wars.build(version), version)
        self._undo.append(lambda: _discard(tomcat.undeploy(version)))
        if not said.startswith("FAIL - Deployed application"):
            raise LabError(f"a version that does not start was deployed: {said}")

    def stop_nginx(self) -> None:
        self.nginx.stop()
        self._undo.append(lambda: _discard(self.nginx.start()))

    def hang_master(self) -> None:
        """The master's process keeps its connections and answers nothing; HAProxy has noticed."""
        master = self.databases[self.master]
        master.pause()
        self._undo.append(master.resume)
        self._balancers_find({self.master: "DOWN"})

    def kill_balancer(self, name: str = "lb2") -> None:
        """An HAProxy process dies."""
        node = self.balancers[name]
        node.kill()
        self._undo.append(lambda: _discard(node.start()))

    def stop_sshd(self, name: str = "db2") -> None:
        """Nobody can log in to a host any more; what runs there is well. Ends open sessions, too."""
        sshd = self.sshd[name]
        sshd.stop()
        sshd.end_sessions()
        self._undo.append(lambda: _discard(sshd.start()))

    def heal(self) -> None:
        """Undoes every fault, the newest first."""
        while self._undo:
            self._undo.pop()()
        self.settle()
        self.nginx.forget()


def _discard(result: object) -> None:
    """For calls whose result nobody needs."""
