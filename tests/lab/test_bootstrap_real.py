"""A database pair is made of bare Debian hosts; made again nothing changes; then its master is swapped."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.lab.bare.platform import BALANCERS, DATABASES, PASSWORDS, BarePlatform
from tests.lab.storage.network import Network
from tests.lab.swaps import digest_of, saitotui, walk

from saitotui.cli.plan import REFUSED

pytestmark = pytest.mark.lab

ALREADY = 10
"""What a run ends with that had nothing to do."""


@pytest.fixture(scope="module")
def bare(privileged: None) -> Iterator[BarePlatform]:
    with (
        tempfile.TemporaryDirectory(prefix="saitotui-bare-") as name,
        Network() as network,
        BarePlatform(Path(name), network, (*DATABASES, *BALANCERS)) as platform,
        network.entered(),
    ):
        yield platform


def acts(said: str) -> list[str]:
    return [line for line in said.splitlines() if " ACT " in line]


def found(bare: BarePlatform, state: Path) -> list[str]:
    told = json.loads(saitotui(bare, state, "status", "--json").stdout)
    return [one["code"] for one in told["findings"] if one["code"].startswith("database.")]


def write(bare: BarePlatform, balancer: str) -> None:
    """The application writes a row through a balancer."""
    login = f"-h {bare.hosts[balancer].address} -u app -p{PASSWORDS['application']}"
    text = "CREATE TABLE IF NOT EXISTS seen (id INT); INSERT INTO seen VALUES (1)"
    bare.hosts["db1"].ssh(f'mariadb {login} app -e "{text}"')


def test_a_pair_is_made_of_bare_hosts(bare: BarePlatform, tmp_path: Path) -> None:
    said = walk(bare, tmp_path, "bootstrap-database")
    for password in PASSWORDS.values():
        assert password not in said
    assert found(bare, tmp_path) == []
    for name in BALANCERS:
        write(bare, name)
    assert bare.hosts["db2"].says("mariadb -NBe 'SELECT COUNT(*) FROM app.seen'") == "2"


def test_made_again_nothing_changes(bare: BarePlatform, tmp_path: Path) -> None:
    digest = digest_of(bare, tmp_path, "bootstrap-database")
    done = saitotui(bare, tmp_path, "run", "bootstrap-database", "--reason", "a drill", "--yes", digest)
    assert done.returncode == ALREADY, done.stdout + done.stderr
    assert acts(done.stdout) == []


def test_what_was_made_is_swapped(bare: BarePlatform, tmp_path: Path) -> None:
    walk(bare, tmp_path, "swap-db-master")
    assert found(bare, tmp_path) == []
    assert bare.hosts["db2"].says("mariadb -NBe 'SELECT @@read_only'") == "0"
    for name in BALANCERS:
        write(bare, name)
    assert bare.hosts["db1"].says("mariadb -NBe 'SELECT COUNT(*) FROM app.seen'") == "4"
    # What is there now is what the profile wants, whoever is master.
    test_made_again_nothing_changes(bare, tmp_path)


def test_what_somebody_changed_is_shown_before_it_is_replaced(bare: BarePlatform, tmp_path: Path) -> None:
    bare.hosts["lb2"].ssh("sed -i 's/timeout check 1s/timeout check 9s/' /etc/haproxy/haproxy.cfg")
    said = walk(bare, tmp_path, "bootstrap-database")
    line = "AMBER: /etc/haproxy/haproxy.cfg on lb2 is not there yet, or as the profile wants it"
    assert f"{line}: -    timeout check 9s; +    timeout check 1s" in said
    assert found(bare, tmp_path) == []
    assert len(acts(said)) == 2


def test_a_server_that_holds_something_is_not_taken(bare: BarePlatform, tmp_path: Path) -> None:
    """Somebody's own server, which logs nothing: its rows would be on no replica."""
    host = bare.hosts["db1"]
    host.ssh("rm /etc/mysql/mariadb.conf.d/99-saitotui.cnf && systemctl restart mariadb")
    said = refused(bare, tmp_path)
    assert "RED: db1 holds nothing, or is a member already: it holds schema app, and logs nothing" in said


def refused(bare: BarePlatform, state: Path) -> str:
    digest = digest_of(bare, state, "bootstrap-database")
    order = ("run", "bootstrap-database", "--reason", "a drill", "--yes", digest, "--accept-amber")
    done = saitotui(bare, state, *order)
    assert done.returncode == REFUSED, done.stdout + done.stderr
    return done.stdout
