"""The lab's whole platform: its database tier, web1 (nginx), tc1 to tc3 (Tomcat)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from tests.lab.database import PASSWORDS
from tests.lab.host import LabError, Service, wait_for
from tests.lab.nginx import Nginx
from tests.lab.pair import BALANCERS, Pair, discard
from tests.lab.profile import application
from tests.lab.subnet import Subnet
from tests.lab.tomcat import Tomcat
from tests.lab.tomcats import DEBIAN, Release
from tests.lab.war import BROKEN, Wars

TOMCATS = ("tc1", "tc2", "tc3")
VERSION = "001"
"""The application's version on all Tomcats at the start."""


class Lab(Pair):
    numbers: ClassVar[Mapping[str, int]] = {**Pair.numbers, "web1": 20, "tc1": 21, "tc2": 22, "tc3": 23}

    def __init__(self, folder: Path, subnet: Subnet, release: Release = DEBIAN) -> None:
        super().__init__(folder, subnet)
        self._release = release
        self.tomcats: dict[str, Tomcat] = {}
        self.nginx: Nginx
        self.wars: Wars

    @property
    def services(self) -> list[Service]:
        return [*self.tomcats.values(), *super().services, self.nginx]

    def described(self) -> dict[str, Any]:
        return super().described() | {"application": application(self)}

    def prepare(self) -> None:
        super().prepare()
        ways = ",".join(f"{self.address(name)}:3306" for name in BALANCERS)
        database = (
            f"jdbc:mariadb:sequential://{ways}/app?user=app&password={PASSWORDS['app']}"
            "&connectTimeout=1000&socketTimeout=3000&retriesAllDown=2"
        )
        self.wars = Wars(self.folder / "wars", database, self._release)
        war = self.wars.build(VERSION)
        members = self.addresses(TOMCATS)
        self.tomcats = {name: Tomcat(self.machines[name], members, war, self._release) for name in TOMCATS}
        self.nginx = Nginx(self.machines["web1"], members)

    def settle(self) -> None:
        super().settle()
        self._tomcats_see(set(TOMCATS))
        wait_for("orders to be taken", lambda: self.nginx.get("/app/orders") == 200)

    def go_home(self) -> None:
        super().go_home()
        self.nginx.forget()

    def heal(self) -> None:
        super().heal()
        self.nginx.forget()

    def _tomcats_see(self, names: set[str]) -> None:
        """Waits until the Tomcats `names` see each other, and nobody else, in their cluster."""

        def agree() -> bool:
            return all(
                self.tomcats[name].peers() == {self.address(other) for other in names - {name}}
                for name in names
            )

        wait_for(f"{sorted(names)} to see each other", agree)

    def kill_tomcat(self, number: int = 2) -> None:
        """A Tomcat's process dies; the others have noticed."""
        name = f"tc{number}"
        self.tomcats[name].kill()
        self.undo_later(lambda: discard(self.tomcats[name].start()))
        self._tomcats_see(set(TOMCATS) - {name})

    def hang_tomcat(self, number: int = 2) -> None:
        """A Tomcat accepts connections and answers nothing."""
        tomcat = self.tomcats[f"tc{number}"]
        tomcat.pause()
        self.undo_later(tomcat.resume)

    def break_version(self, number: int = 2, version: str = "002-broken") -> None:
        """A version that does not start is deployed on one Tomcat."""
        tomcat = self.tomcats[f"tc{number}"]
        said = tomcat.deploy(self.wars.build(version, listener=BROKEN), version)
        self.undo_later(lambda: discard(tomcat.undeploy(version)))
        if not said.startswith("FAIL - Deployed application"):
            raise LabError(f"a version that does not start was deployed: {said}")

    def stop_nginx(self) -> None:
        self.nginx.stop()
        self.undo_later(lambda: discard(self.nginx.start()))
