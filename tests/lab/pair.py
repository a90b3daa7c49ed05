"""The lab's database tier: lb1, lb2 (HAProxy), db1, db2 (MariaDB, or another server).

    with Subnet() as subnet, Pair(folder, subnet) as pair:
        pair.kill_master()
        ...
        pair.heal()

`pair.profile` is a profile of it. A fault returns when it has taken effect in the services themselves, so
that whoever looks next can see it; `heal` undoes all of them and waits until everything is well again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, TypeVar

from tests.lab.database import Database
from tests.lab.haproxy import BACKEND, READ_BACKEND, Haproxy
from tests.lab.host import Machine, Service, wait_for
from tests.lab.mariadb import MariaDb
from tests.lab.profile import basis, database, write_profile
from tests.lab.sshd import Sshd, make_key
from tests.lab.subnet import Subnet

from saitotui.simulator.certificates import authority_and_server

BALANCERS, DATABASES = ("lb1", "lb2"), ("db1", "db2")
MASTER = "db1"
"""The database that takes writes at the start."""

Self = TypeVar("Self", bound="Pair")


class Pair:
    """`times`: seconds from the start of the first service until each did its work. `master` is the name of
    the database that takes writes when all is well."""

    numbers: ClassVar[Mapping[str, int]] = {"lb1": 9, "lb2": 10, "db1": 11, "db2": 12}
    """Machine: the last part of its address."""

    def __init__(self, folder: Path, subnet: Subnet, server: type[Database] = MariaDb) -> None:
        self.folder = folder
        self.tls = folder / "tls"
        self.profile = folder / "profile.yaml"
        self.machines = {
            name: Machine(name, subnet.address(number), folder) for name, number in self.numbers.items()
        }
        self._server = server
        self.sshd: dict[str, Sshd] = {}
        self.databases: dict[str, Database] = {}
        self.balancers: dict[str, Haproxy] = {}
        self.times: dict[str, float] = {}
        self.master = MASTER
        self._exit = contextlib.ExitStack()
        self._undo: list[Callable[[], None]] = []

    def __enter__(self: Self) -> Self:
        with contextlib.ExitStack() as started:
            for machine in self.machines.values():
                started.callback(machine.power_off)
                machine.power_on()
            self.prepare()
            self._start()
            write_profile(self.profile, self.described())
            self._exit = started.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Cuts the power of all machines: nothing here is worth a good end."""
        self._exit.close()

    def described(self) -> dict[str, Any]:
        """It as a profile."""
        return basis(self) | {"database": database(self)}

    @property
    def services(self) -> list[Service]:
        return [*self.databases.values(), *self.balancers.values(), *self.sshd.values()]

    @property
    def replica(self) -> str:
        return next(name for name in DATABASES if name != self.master)

    def address(self, name: str) -> str:
        return self.machines[name].address

    def addresses(self, names: Iterable[str]) -> dict[str, str]:
        return {name: self.address(name) for name in names}

    def prepare(self) -> None:
        """Makes everything that does not run yet."""
        machines = self.machines
        self.tls.mkdir(mode=0o755)
        authority_and_server(self.tls, [machine.address for machine in machines.values()])
        for file in self.tls.iterdir():
            file.chmod(0o644)
        self.databases = {
            name: self._server(machines[name], number, self.tls)
            for number, name in enumerate(DATABASES, start=1)
        }
        with ThreadPoolExecutor(2) as pool:
            prepared = [pool.submit(server.prepare) for server in self.databases.values()]
            public = make_key(self.folder / "client_key")
            self.sshd = {name: Sshd(machine, public) for name, machine in machines.items()}
            for one in prepared:
                one.result()
        self.balancers = {
            name: Haproxy(machines[name], self.addresses(DATABASES), self._server.checks)
            for name in BALANCERS
        }

    def _start(self) -> None:
        started = time.monotonic()

        def ready(service: Service) -> None:
            service.ready()
            self.times[f"{service.machine.name} {service.name}"] = time.monotonic() - started

        for service in self.services:
            service.begin()
        first = [*self.databases.values(), *self.balancers.values(), *self.sshd.values()]
        for service in first:
            ready(service)
        for server in self.databases.values():
            server.create_accounts()
        self.databases[self.replica].follow(self.databases[self.master])
        self.databases[self.master].become_master(schema=True)
        for service in self.services:
            if service not in first:
                ready(service)
        self.settle()
        self.times["everything"] = time.monotonic() - started

    def settle(self) -> None:
        """Waits until all parts see each other well."""
        master, replica = self.databases[self.master], self.databases[self.replica]
        wait_for("the replica to acknowledge commits", master.acknowledged, log=master.log)
        wait_for("the replica to catch up", replica.caught_up, log=replica.log)
        self._balancers_find({self.master: "UP", self.replica: "MAINT"})
        self._balancers_find({self.master: "UP", self.replica: "UP"}, READ_BACKEND)
        for node in self.balancers.values():
            node.save_state()

    def _balancers_find(self, states: dict[str, str], backend: str = BACKEND) -> None:
        """Waits until all HAProxy nodes find each server of a pool in its state."""

        def agree() -> bool:
            found = [node.states(backend) for node in self.balancers.values()]
            return all(one[name].startswith(word) for one in found for name, word in states.items())

        wait_for(f"HAProxy to find {states} in {backend}", agree)

    def stop_replica(self) -> None:
        """Somebody stopped replication on the replica."""
        replica = self.databases[self.replica]
        replica.sql(replica.stop_following)
        self._undo.append(lambda: discard(replica.sql(replica.start_following)))

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

    def hang_master(self) -> None:
        """The master's process keeps its connections and answers nothing; HAProxy has noticed."""
        master = self.databases[self.master]
        master.pause()
        self._undo.append(master.resume)
        self._balancers_find({self.master: "DOWN"})

    def bring_back(self, name: str) -> None:
        """A server that died, or that others started, comes back, empty, as the replica of the one that is
        master now."""
        server, master = self.databases[name], self.databases[self.master]
        server.end_all()
        server.rebuild(master)
        master.wait_for_replica(True)
        self._undo.clear()
        self.settle()

    def go_home(self) -> None:
        """Makes the database that was built as master the master again, whatever a test left behind. Nobody
        may be writing."""
        if not self.databases[self.replica].caught_up() or not self.databases[self.master].acknowledged():
            self.databases[self.master].become_master()
            for node in self.balancers.values():
                node.lead_to(self.master, [self.replica])
            self.bring_back(self.replica)
        if self.master == MASTER:
            return
        old, new = self.databases[self.master], self.databases[MASTER]
        old.open(False)
        wait_for(f"{MASTER} to have it all", lambda: new.position == old.position, log=new.log)
        new.become_master()
        old.follow(new)
        for node in self.balancers.values():
            node.lead_to(MASTER, [self.master])
        self.master = MASTER
        self.settle()

    def disagree(self, name: str = "lb2") -> None:
        """One HAProxy node leads writes to the replica."""
        node = self.balancers[name]
        node.lead_to(self.replica, [self.master])
        wait_for(f"{name} to find the replica", lambda: node.states()[self.replica].startswith("UP"))
        self._undo.append(lambda: node.lead_to(self.master, [self.replica]))

    def kill_balancer(self, name: str = "lb2") -> None:
        """An HAProxy process dies."""
        node = self.balancers[name]
        node.kill()
        self._undo.append(lambda: discard(node.start()))

    def stop_sshd(self, name: str = "db2") -> None:
        """Nobody can log in to a host any more; what runs there is well. Ends open sessions, too."""
        sshd = self.sshd[name]
        sshd.stop()
        sshd.end_sessions()
        self._undo.append(lambda: discard(sshd.start()))

    def undo_later(self, undo: Callable[[], None]) -> None:
        """What `heal` calls."""
        self._undo.append(undo)

    def heal(self) -> None:
        """Undoes every fault, the newest first."""
        while self._undo:
            self._undo.pop()()
        self.settle()


def discard(result: object) -> None:
    """For calls whose result nobody needs."""
