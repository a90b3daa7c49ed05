"""The simulated Tomcats and nginx against what real ones were recorded answering."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from saitotui.simulator.http_types import Request


def war(web_xml: str = "<web-app><distributable/></web-app>", *classes: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("WEB-INF/web.xml", web_xml)
        for name in classes:
            archive.writestr(f"WEB-INF/classes/{name}.class", b"\xca\xfe")
    return target.getvalue()


def bean_keys(text: str) -> list[tuple[str, list[str]]]:
    """Of each bean: its kind, and its attributes in order."""
    found = []
    for block in text.strip().split("\n\n")[1:]:
        first, *lines = block.split("\n")
        kind = re.sub(r"\d+\.\d+\.\d+\.\d+|##\w+|tc\d", "", first)
        attributes = [line.partition(":")[0] for line in lines if not line.startswith("\t")]
        found.append((kind, attributes))
    return found


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("Manager", "Catalina:type=Manager,*"),
        ("Cluster", "Catalina:type=Cluster,*"),
        ("ThreadPool", "Catalina:type=ThreadPool,*"),
        ("GlobalRequestProcessor", "Catalina:type=GlobalRequestProcessor,*"),
        ("Memory", "java.lang:type=Memory"),
        ("Connector", "Catalina:type=Connector,*"),
        ("Host", "Catalina:type=Host,*"),
        ("OperatingSystem", "java.lang:type=OperatingSystem"),
    ],
)
def test_beans_have_the_recorded_attributes(shop: Any, recordings: Path, name: str, pattern: str) -> None:
    if name in ("Manager", "Host"):
        assert shop.manager("tc1", "deploy?path=/app&version=002", "PUT", war()).startswith("OK - Deployed")
    ours = shop.beans("tc1", pattern)
    real = (recordings / f"jmxproxy-{name}-tc1.txt").read_text()
    assert bean_keys(ours) == bean_keys(real)
    assert ours.splitlines()[0] == real.splitlines()[0]


def test_one_attribute(shop: Any, recordings: Path) -> None:
    real = (recordings / "manager-errors-and-jmx-get.txt").read_text()

    def ask(query: str) -> Any:
        return shop.ask("tc1", f"/manager/jmxproxy/?{query}", "monitor:monitorpw").body.decode()

    used = ask("get=java.lang:type=Memory&att=HeapMemoryUsage&key=used")
    masked = re.sub(r"\d+\n", "N\n", used)
    assert masked in re.sub(r"\d+\n", "N\n", real)
    missing = ask("get=Nope:type=X&att=y")
    assert "Error - javax.management.InstanceNotFoundException: Nope:type=X\n" in real
    assert missing.startswith("Error - javax.management.InstanceNotFoundException: Nope:type=X\n")


def test_access(shop: Any) -> None:
    assert shop.ask("tc1", "/manager/text/list").status == 401
    assert shop.ask("tc1", "/manager/text/list", "deploy:wrong").status == 401
    assert shop.ask("tc1", "/manager/text/list", "monitor:monitorpw").status == 403
    refused = shop.ask("tc1", "/manager/text/list")
    assert refused.reason == "", "Tomcat sends no reason phrase"
    assert ("WWW-Authenticate", 'Basic realm="Tomcat Manager Application"') in refused.headers


def test_texts_are_the_recorded_ones(shop: Any, recordings: Path) -> None:
    real = (recordings / "manager-text-answers.txt").read_text().splitlines()
    assert shop.manager("tc1", "deploy?path=/app&version=1", "PUT", war()).startswith("OK")
    assert shop.manager("tc1", "deploy?path=/app&version=2", "PUT", war()).startswith("OK")
    for command, method in (
        ("deploy?path=/app&version=1", "PUT"),
        ("undeploy?path=/nope&version=9", "GET"),
        ("deploy?path=nope", "PUT"),
        ("foo", "GET"),
        ("stop?path=/app&version=2", "GET"),
        ("start?path=/app&version=2", "GET"),
        ("reload?path=/app&version=2", "GET"),
    ):
        text = shop.manager("tc1", command, method, war())
        assert text.rstrip("\n") in real, command


def test_list_and_server_information(shop: Any, recordings: Path) -> None:
    shop.manager("tc1", "deploy?path=/app&version=002", "PUT", war())
    ours = shop.manager("tc1", "list").splitlines()
    real = (recordings / "manager-list-two-versions-tc1.txt").read_text().splitlines()

    def shape(line: str) -> Any:
        return re.sub(r":\d+:", ":N:", line).replace("##00", "##")

    assert [shape(line) for line in ours] == [shape(line) for line in real]
    info = shop.manager("tc1", "serverinfo").splitlines()
    recorded = (recordings / "manager-serverinfo-tc1.txt").read_text().splitlines()
    assert [line.partition(":")[0] for line in info] == [line.partition(":")[0] for line in recorded]


def test_failed_deployments(shop: Any, recordings: Path) -> None:
    real = (recordings / "manager-deploy-failures.txt").read_text()
    listener = "<web-app><listener><listener-class>a.B</listener-class></listener></web-app>"
    missing = shop.manager("tc1", "deploy?path=/app&version=6", "PUT", war(listener))
    cut = shop.manager("tc1", "deploy?path=/app&version=7", "PUT", war()[:60])
    broken = shop.manager("tc1", "deploy?path=/bad&version=1", "PUT", war("<web-app>"))
    assert missing in real
    assert cut in real
    assert broken in real
    listed = shop.manager("tc1", "list")
    assert "/app:stopped:0:app##6\n" in listed
    assert "/app:stopped:0:app##7.war\n" in listed
    assert shop.manager("tc1", "undeploy?path=/app&version=7") in real
    assert shop.manager(
        "tc1", "deploy?path=/app&version=6&update=true", "PUT", war(listener, "a/B")
    ).startswith("OK")


def test_sessions_by_version(shop: Any, recordings: Path) -> None:
    """Old sessions stay on their version, new ones go to the newest; versions order as strings."""
    before = set(shop.tomcats.tomcats["tc1"].apps["/app", "001"].sessions)
    assert len(before) > 20
    for name in ("tc1", "tc2", "tc3"):
        shop.manager(name, "deploy?path=/app&version=002", "PUT", war())
    shop.machines.run(60)
    for tomcat in shop.tomcats.tomcats.values():
        assert set(tomcat.apps["/app", "001"].sessions) <= before
        assert len(tomcat.apps["/app", "002"].sessions) > 20
    text = shop.manager("tc2", "sessions?path=/app&version=002")
    real = (recordings / "manager-sessions-v2-tc2.txt").read_text()
    assert re.sub(r"\[\d+\] sessions", "[N] sessions", text).replace("002", "2") == re.sub(
        r"\[\d+\] sessions", "[N] sessions", real
    )
    shop.manager("tc1", "deploy?path=/app&version=0010", "PUT", war())
    assert shop.tomcats.tomcats["tc1"].newest("/app").version == "002"


def test_sessions_are_replicated_and_survive_their_tomcat(shop: Any) -> None:
    machines, tomcats = shop.machines, shop.tomcats.tomcats
    machines.run(30)
    sets = [set(tomcat.apps["/app", "001"].sessions) for tomcat in tomcats.values()]
    assert sets[0] == sets[1] == sets[2]
    machines.processes["tc2"] = None
    machines.run(10)
    assert sets[1] <= set(tomcats["tc1"].apps["/app", "001"].sessions)
    assert not tomcats["tc2"].apps["/app", "001"].sessions
    assert tomcats["tc1"].members == {"tc3"}
    assert shop.beans("tc1", "Catalina:type=Cluster,component=Member,*").count("Name: Catalina") == 2
    machines.processes["tc2"] = machines.time
    machines.run(10)
    assert set(tomcats["tc2"].apps["/app", "001"].sessions) == set(
        tomcats["tc1"].apps["/app", "001"].sessions
    )


def test_broken_replication(shop: Any) -> None:
    shop.tomcats.tomcats["tc2"].isolated = True
    shop.machines.run(30)
    ours = {name: tomcat.members for name, tomcat in shop.tomcats.tomcats.items()}
    assert ours == {"tc1": {"tc3"}, "tc2": set(), "tc3": {"tc1"}}
    one, two = (set(shop.tomcats.tomcats[name].apps["/app", "001"].sessions) for name in ("tc1", "tc2"))
    assert one - two
    assert two - one


def test_expiry(shop: Any) -> None:
    app = shop.tomcats.tomcats["tc1"].apps["/app", "001"]
    shop.tomcats.arrivals = 0
    shop.machines.run(10 * 60)
    assert app.sessions
    text = shop.manager("tc1", "expire?path=/app&version=001&idle=5")
    assert re.search(r"Inactive for \[>5\] minutes: \[[1-9]\d*\] sessions were expired", text)
    shop.machines.run(31 * 60)
    assert not app.sessions


def test_stub_status(shop: Any, recordings: Path) -> None:
    def shape(text: str) -> Any:
        return re.sub(r"\d+", "N", text)

    first = shop.front.status("web1").body.decode()
    assert shape(first) == shape((recordings / "nginx-stub_status.txt").read_text())
    shop.machines.run(10)
    second = shop.front.status("web1").body.decode()

    def count(text: str) -> Any:
        return int(text.splitlines()[2].split()[2])

    assert count(second) - count(first) > 100


def test_access_log_lines(shop: Any, recordings: Path) -> None:
    def shape(line: str) -> Any:
        return re.sub(r"[\d.]+|GET \S+|tc\d|tomcats", "X", line)

    shop.machines.run(5)
    real = {shape(line) for line in (recordings / "nginx-access.log.sample").read_text().splitlines()}
    assert {shape(line) for line in shop.machines.logs["web1"]} <= real
    shop.machines.logs["web1"].clear()
    shop.machines.processes["tc2"] = None
    shop.machines.run(5)
    retried = (recordings / "nginx-access.log.retried.sample").read_text().splitlines()
    real |= {shape(line) for line in retried}
    assert {shape(line) for line in shop.machines.logs["web1"]} == real


def test_journeys(shop: Any) -> None:
    def visit(path: str) -> Any:
        return shop.front.handle("web1", Request("GET", path))

    assert [visit(path).status for path in ("/", "/app/login", "/app/orders")] == [200, 200, 200]
    shop.problems["write"] = "java.sql.SQLException: The MySQL server is running with the --read-only option"
    assert [visit(path).status for path in ("/", "/app/login", "/app/orders")] == [200, 200, 500]
    assert b"read-only" in visit("/app/orders").body
    for name in ("tc1", "tc2", "tc3"):
        shop.machines.processes[name] = None
    assert [visit(path).status for path in ("/", "/app/login", "/app/orders")] == [200, 502, 502]


def test_a_hung_tomcat_costs_a_visitor_the_read_timeout(shop: Any) -> None:
    shop.machines.stopped.add("tc1")
    replies = [
        shop.front.handle("web2", Request("GET", "/app/login", headers={"cookie": "JSESSIONID=x.tc1"}))
        for _ in range(2)
    ]
    assert (replies[0].status, replies[0].delay) == (504, 10.0)
    assert replies[1].status == 200, "it is left out for a while"


def test_a_version_that_answers_500(shop: Any) -> None:
    servlet = "<web-app><servlet><servlet-class>V</servlet-class></servlet></web-app>"
    assert shop.manager("tc1", "deploy?path=/app&version=002", "PUT", war(servlet)).startswith("OK")
    assert shop.ask("tc1", "/app/login").status == 500
    shop.manager("tc1", "undeploy?path=/app&version=002")
    assert shop.ask("tc1", "/app/login").status == 200
