"""On a real Zabbix: seconds from the death of nginx until it serves again, by this console's content, next to
a value that is pushed (Zabbix's own floor), and to how long the stock template takes to see it at all."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from tests.bench.peers import Missing, needs_lab
from tests.bench.rows import Result, Row, Skipped
from tests.lab.host import LabError, wait_for
from tests.lab.nginx import STATUS_PORT, get
from tests.lab.platform import Lab
from tests.lab.subnet import Subnet
from tests.lab.swaps import walk
from tests.lab.zabbix import NUMBER, Zabbix

TRIALS, STOCK_TRIALS = 7, 2
STOCK = "Nginx by Zabbix agent"
PUSHED = "bench.nginx"
LONG = 600.0


def _dies(lab: Lab) -> None:
    # A robot starts it three times in ten minutes at most; each death is the first.
    lab.nginx.machine.run("rm", "-f", "/run/lock/saitotui-recover/nginx")
    lab.nginx.machine.run("pkill", "-KILL", "-x", "nginx")


def _serves(lab: Lab) -> bool:
    return get(lab.nginx.status_url) == 200


def _calm(zabbix: Zabbix) -> None:
    try:
        wait_for("Zabbix to see that all is well", lambda: not zabbix.problems(), LONG)
    except LabError as error:
        raise LabError(f"{error}: {zabbix.problems()}") from None


def _told(zabbix: Zabbix, value: int) -> None:
    """Says so; a server learns once a minute that there is such an item."""
    wait_for("Zabbix to take it", lambda: zabbix.send("web1", {PUSHED: value}) == 1, LONG)


def _until(lab: Lab, zabbix: Zabbix, holds: Callable[[], bool], then: Callable[[], object]) -> float:
    """Seconds from the death until `holds`; `then` is done right after the death."""
    _calm(zabbix)
    # Somewhere in the interval of whoever samples.
    time.sleep(1.3)
    _dies(lab)
    began = time.monotonic()
    then()
    wait_for("it to be so", holds, LONG)
    return time.monotonic() - began


@contextmanager
def _pushed(zabbix: Zabbix) -> Iterator[None]:
    """Instead of its item, a value that is sent says that nginx is dead."""
    (host,) = zabbix.call("host.get", {"filter": {"host": "web1"}, "output": ["hostid"]})
    (item,) = zabbix.call("item.get", {"hostids": host["hostid"], "filter": {"key_": "saitotui.nginx"}})
    zabbix.call("item.update", {"itemid": item["itemid"], "status": 1})
    made = zabbix.call(
        "item.create", {"hostid": host["hostid"], "name": PUSHED, "key_": PUSHED, "type": 2, "value_type": 3}
    )
    zabbix.call(
        "trigger.create",
        {
            "description": "pushed: nginx is dead",
            "expression": f"last(/web1/{PUSHED})=0",
            "priority": 4,
            "tags": [{"tag": "recovery", "value": "saitotui-nginx"}],
        },
    )
    try:
        yield
    finally:
        zabbix.call("item.delete", made["itemids"])
        zabbix.call("item.update", {"itemid": item["itemid"], "status": 0})


@contextmanager
def _stock(zabbix: Zabbix, lab: Lab) -> Iterator[None]:
    """The stock template alone watches it."""
    (host,) = zabbix.call("host.get", {"filter": {"host": "web1"}, "output": ["hostid"]})
    (item,) = zabbix.call("item.get", {"hostids": host["hostid"], "filter": {"key_": "saitotui.nginx"}})
    (template,) = zabbix.call("template.get", {"filter": {"host": STOCK}, "output": ["templateid"]})
    zabbix.call("item.update", {"itemid": item["itemid"], "status": 1})
    where = {"{$NGINX.STUB_STATUS.HOST}": lab.address("web1"), "{$NGINX.STUB_STATUS.PORT}": str(STATUS_PORT),
             "{$NGINX.STUB_STATUS.PATH}": "nginx_status"}  # fmt: skip
    zabbix.call(
        "usermacro.create", [{"hostid": host["hostid"], "macro": m, "value": v} for m, v in where.items()]
    )
    zabbix.call("host.massadd", {"hosts": [host], "templates": [template]})
    key = {
        "hostids": host["hostid"],
        "search": {"key_": "net.tcp.service["},
        "output": ["lastvalue", "lastclock"],
    }
    wait_for(
        "the stock template's first value", lambda: zabbix.call("item.get", key)[0]["lastvalue"] == "1", LONG
    )
    try:
        yield
    finally:
        zabbix.call(
            "host.massremove", {"hostids": [host["hostid"]], "templateids_clear": [template["templateid"]]}
        )
        zabbix.call("item.update", {"itemid": item["itemid"], "status": 0})


def _rows(lab: Lab, zabbix: Zabbix, state: Path) -> Iterable[Result]:
    walk(zabbix, state, "zabbix-recovery")
    ours = [_until(lab, zabbix, lambda: _serves(lab), lambda: None) for _ in range(TRIALS)]
    # An item that is not asked any more leaves its problem open.
    _calm(zabbix)
    with _pushed(zabbix):
        floor = []
        for _ in range(TRIALS):
            _told(zabbix, 1)
            floor.append(_until(lab, zabbix, lambda: _serves(lab), lambda: _told(zabbix, 0)))
        _told(zabbix, 1)
        _calm(zabbix)
    middle = median(ours)
    yield Row("nginx dies until it serves, median", middle, "s", median(floor), "a value that is pushed")
    yield Row("nginx dies until it serves, longest", max(ours), "s", max(floor), "a value that is pushed")
    stock = []
    with _stock(zabbix, lab):
        for _ in range(STOCK_TRIALS):
            stock.append(_until(lab, zabbix, lambda: bool(zabbix.problems()), lambda: None))
            lab.nginx.start()
    yield Row("the same next to only seeing it", middle, "s", median(stock), f"the template {STOCK!r}")


def bench() -> Iterable[Result]:
    try:
        needs_lab("zabbix_server", "nginx")
    except Missing as error:
        yield Skipped("a real Zabbix", f"{error}: make lab-test installs it")
        return
    with tempfile.TemporaryDirectory(prefix="saitotui-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "zabbix").mkdir(mode=0o755)
        with (
            Subnet() as subnet,
            Lab(folder / "lab", subnet) as lab,
            Zabbix(lab, folder / "zabbix", subnet.address(NUMBER)) as zabbix,
        ):
            yield from _rows(lab, zabbix, folder / "state")
