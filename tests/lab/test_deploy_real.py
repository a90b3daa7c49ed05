"""The real three Tomcats behind nginx get new versions of the application while users are at work."""

from __future__ import annotations

import base64
import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from tests.lab.deployments import (
    ID,
    all_have,
    back_to_first,
    deploying,
    end_runs,
    finished,
    reached,
    stop_waiting,
    versions,
    visited,
)
from tests.lab.host import wait_for
from tests.lab.platform import TOMCATS, VERSION, Lab
from tests.lab.swaps import begun, saitotui, walk
from tests.lab.tomcat import PASSWORD, PORT, USER
from tests.lab.war import BROKEN

pytestmark = pytest.mark.lab

STARTED = "/jmxproxy/?get=java.lang:type=Runtime&att=StartTime"


@pytest.fixture
def shop(platform: Lab, tmp_path: Path) -> Iterator[Lab]:
    """The platform with the first version of the application, before and after the test."""
    back_to_first(platform)
    yield platform
    end_runs(tmp_path)
    back_to_first(platform)


def test_versions_come_and_go_and_nobody_notices(shop: Lab, tmp_path: Path) -> None:
    with visited(shop) as told:
        first = deploying(shop, tmp_path, shop.wars.build("002", minutes=1), "-p", "soak=10")
        said = stop_waiting(shop, tmp_path, "0001", first)
        assert all_have(shop, VERSION, "002"), said
        code, said = finished(
            deploying(shop, tmp_path, shop.wars.build("003"), "-p", "soak=0", "-p", "canary=tc2")
        )
        assert code == 0, said
        assert "unless they come back, all are gone in" in said
        assert all_have(shop, VERSION, "003"), versions(shop)  # who was on 002 is gone, and so is that
        said = walk(shop, tmp_path, "roll-back-app-version")
        assert re.search(r"\d+ sessions? on tc1 would end with /app##003", said), said
        assert all_have(shop, VERSION)
    new = [version for _, version in told["new"]]
    print(
        f"\nparallel-deploy-war: requests {told['requests']}, of users {told['versions']}, "
        f"{len(new)} new visitors, lost {told['lost'][:5]}, failed {told['failed'][:5]}"
    )
    assert told["failed"] == []
    assert told["lost"] == []
    assert set(told["versions"]) == {VERSION}
    assert sum(told["requests"].values()) >= 20_000
    assert set(new) == {VERSION, "002", "003"}


def test_all_tomcats_are_started_again_and_nobody_notices(shop: Lab, tmp_path: Path) -> None:
    before = shop.nginx.config.read_text("utf-8")
    since = {name: tomcat.manager(STARTED) for name, tomcat in shop.tomcats.items()}
    try:
        with visited(shop) as told:
            code, said = finished(begun(shop, tmp_path, "restart-tomcats"))
        assert code == 0, said
        assert all(tomcat.manager(STARTED) != since[name] for name, tomcat in shop.tomcats.items())
        assert shop.nginx.config.read_text("utf-8") == before
    finally:
        shop.nginx.config.write_text(before, "utf-8")
        for tomcat in shop.tomcats.values():
            tomcat.start_over()
    print(
        f"\nrestart-tomcats: requests {told['requests']}, {told['reconnects']} connections anew, "
        f"lost {told['lost'][:5]}, failed {told['failed'][:5]}"
    )
    assert told["failed"] == []
    assert told["lost"] == []


@pytest.mark.parametrize(
    ("listener", "servlet", "word"),
    [
        (BROKEN, "Shop", "context failed to start"),
        ("", BROKEN, "it does not hold that a new visitor of tc1 gets /app##002"),
    ],
)
def test_a_version_that_fails_goes_again(
    shop: Lab, tmp_path: Path, listener: str, servlet: str, word: str
) -> None:
    war = shop.wars.build("002", listener=listener, servlet=servlet)
    code, said = finished(deploying(shop, tmp_path, war, "-p", "soak=0"))
    assert code == 12, said
    assert word in said
    assert all_have(shop, VERSION), versions(shop)


def test_a_tomcat_that_dies_in_the_middle(shop: Lab, tmp_path: Path) -> None:
    run = deploying(shop, tmp_path, shop.wars.build("002", listener="Slow"), "-p", "soak=0")
    try:
        reached(tmp_path, "0001", '"target": "tc2", "text": "PUT /text/deploy')
        shop.kill_tomcat(2)
        code, said = finished(run)
    finally:
        shop.heal()
    assert code in (13, 14), said
    assert "tc2" in said
    found = versions(shop)
    assert found["tc1"].get("002"), found
    assert found["tc1"][VERSION], found
    said = walk(shop, tmp_path, "roll-back-app-version", "-p", "version=002")
    assert all_have(shop, VERSION), said


def test_a_tomcat_without_the_application_gets_it_from_another(shop: Lab, tmp_path: Path) -> None:
    """The archive is fetched over SSH from the Tomcat that runs it, and must be what the others run."""
    shop.tomcats["tc3"].undeploy(VERSION)
    there = shop.tomcats["tc1"].base / "webapps" / f"app##{VERSION}.war"
    with visited(shop) as told:
        said = walk(shop, tmp_path, "complete-app-version", "-p", f"war=tc1:{there}")
    assert "tc2 runs this very file" in said
    assert all_have(shop, VERSION), versions(shop)
    copy = shop.tomcats["tc3"].base / "webapps" / there.name
    assert copy.read_bytes() == there.read_bytes()
    assert told["lost"] == []


def test_what_its_heap_is_full_of_and_nobody_notices(shop: Lab, tmp_path: Path) -> None:
    before = shop.nginx.config.read_text("utf-8")
    try:
        with visited(shop) as told:
            code, said = finished(begun(shop, tmp_path, "examine-tomcat", "-p", "node=tc2"))
        assert code == 0, said
        assert shop.nginx.config.read_text("utf-8") == before
    finally:
        shop.nginx.config.write_text(before, "utf-8")
    files = sorted(path.name.rpartition("-")[0] for path in tmp_path.glob("*/*/evidence/*.txt"))
    (heap,) = tmp_path.glob("*/*/evidence/tc2-heap-*.txt")
    assert "org.apache.catalina." in heap.read_text("utf-8")
    assert len(files) == 4, files
    assert re.search(r"MiB in \d+ objects; most: ", said), said
    assert told["failed"] == []
    assert told["lost"] == []


@pytest.mark.parametrize("how", ["killed", "hung"])
def test_a_tomcat_that_is_down_or_hangs_serves_again(shop: Lab, tmp_path: Path, how: str) -> None:
    tomcat = shop.tomcats["tc2"]
    try:
        tomcat.kill() if how == "killed" else tomcat.pause()
        said = walk(shop, tmp_path, "start-tomcat")
        assert "start tc2" in said
        assert all_have(shop, VERSION), versions(shop)
    finally:
        tomcat.start_over()


def test_a_disk_without_room(shop: Lab, tmp_path: Path) -> None:
    with shop.tomcats["tc2"].files_up_to(100_000):
        code, said = finished(deploying(shop, tmp_path, shop.wars.build("002"), "-p", "soak=0"))
    assert code == 12, said
    assert all_have(shop, VERSION), versions(shop)
    for name in TOMCATS:
        left = {path.name for path in (shop.tomcats[name].base / "webapps").iterdir()}
        assert left == {f"app##{VERSION}", f"app##{VERSION}.war"}, (name, left)


def test_an_upload_that_is_cut_off_leaves_nothing(shop: Lab) -> None:
    tomcat = shop.tomcats["tc1"]
    whole = shop.wars.build("002").read_bytes()
    token = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    head = (
        "PUT /manager/text/deploy?path=/app&version=002&update=true HTTP/1.1\r\nHost: tc1\r\n"
        f"Authorization: Basic {token}\r\nContent-Length: {len(whole)}\r\n\r\n"
    )
    folder = tomcat.base / "webapps"
    with socket.create_connection((tomcat.machine.address, PORT)) as cut:
        cut.sendall(head.encode() + whole[: len(whole) // 2])
        wait_for("the half to be there", lambda: (folder / "app##002.war.tmp").exists())
        assert not (folder / "app##002.war").exists()
    wait_for("it to be gone", lambda: not (folder / "app##002.war.tmp").exists())
    assert all_have(shop, VERSION)


def test_through_ssh_and_two_at_a_time(shop: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The managers are reached from their own hosts; a second deployment meanwhile is refused."""
    described = yaml.safe_load(shop.profile.read_text("utf-8"))
    for name, tomcat in described["application"]["tomcats"].items():
        tomcat["manager"]["via"] = name
    through = tmp_path / "through.yaml"
    through.write_text(yaml.safe_dump(described), "utf-8")
    monkeypatch.setattr(shop, "profile", through)
    run = deploying(shop, tmp_path, shop.wars.build("002", listener="Slow"), "-p", "soak=0")
    reached(tmp_path, "0001", '"target": "tc1", "text": "PUT /text/deploy')
    code, said = finished(deploying(shop, tmp_path, shop.wars.build("003"), "-p", "soak=0"))
    assert code == 11, said
    assert "0001" in said
    reached(tmp_path, "0001", "unless they come back")
    assert all_have(shop, VERSION, "002")
    stop_waiting(shop, tmp_path, "0001", run)


def test_a_manager_that_lets_nobody_in(shop: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = yaml.safe_load(shop.profile.read_text("utf-8"))
    # A wrong password of a right user would lock him out (LockOutRealm).
    described["application"]["tomcats"]["tc2"]["manager"]["user"] = "stranger"
    denied = tmp_path / "denied.yaml"
    denied.write_text(yaml.safe_dump(described), "utf-8")
    monkeypatch.setattr(shop, "profile", denied)
    planned = saitotui(shop, tmp_path, "plan", ID, "-p", f"war={shop.wars.build('002')}")
    assert planned.returncode == 11, planned.stdout
    assert "tc2 is denied" in planned.stderr
    assert PASSWORD not in planned.stdout + planned.stderr


def test_the_next_shift_ends_what_is_left(shop: Lab, tmp_path: Path) -> None:
    run = deploying(shop, tmp_path, shop.wars.build("002"), "-p", "soak=0")
    stop_waiting(shop, tmp_path, "0001", run)
    said = walk(shop, tmp_path, "retire-app-version", "-p", "expire=0")
    assert all_have(shop, "002"), said
