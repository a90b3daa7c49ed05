"""What screens show of the application: tables, series, nodes, edges."""

from __future__ import annotations

from typing import Any

import pytest

from saitotui.model.command import Answer, Failure, FailureKind
from saitotui.model.health import Health
from saitotui.model.topology import Table, TierPicture
from saitotui.tiers.application.tables import _about

SILENT = Failure(FailureKind.UNREACHABLE, "no answer to the connection attempt within 3s")


def texts(drawn: TierPicture, name: str) -> list[list[str]]:
    return [[cell.text for cell in row.cells] for row in table(drawn, name).rows]


def table(drawn: TierPicture, name: str) -> Table:
    return next(found for found in drawn.tables if found.name == name)


def apps(*lines: str) -> Answer:
    body = "".join(f"/app:{line}\n" for line in lines)
    return Answer(f"OK - Listed applications for virtual host [localhost]\n{body}", 200)


def test_versions_by_node(scene: Any) -> None:
    scene.say("tc1/list", apps("running:7:app##9", "running:3:app##10", "stopped:0:app##11"))
    scene.say("tc2/list", apps("running:5:app##9"))
    scene.say("tc3/list", SILENT)
    drawn = scene.picture()
    assert table(drawn, "versions").columns == (
        "version",
        "use",
        "tc1: sessions",
        "tc2: sessions",
        "tc3: sessions",
    )
    assert texts(drawn, "versions") == [
        ["/app##9", "new sessions", "7", "5", "?"],
        ["/app##11", "none", "stopped", "-", "?"],
        ["/app##10", "old sessions", "3", "-", "?"],
    ]


def test_tomcats(scene: Any) -> None:
    drawn = scene.tomcat("tc3", SILENT, SILENT).picture()
    assert texts(drawn, "tomcats") == [
        ["tc1", "answers", "/app##2", "209", "<10% of 100", "<20% of 155 MiB", "1 of 2"],
        ["tc2", "answers", "/app##2", "226", "<10% of 100", "<20% of 155 MiB", "1 of 2"],
        ["tc3", "unreachable", "?", "?", "?", "?", "?"],
    ]
    assert [row.health for row in table(drawn, "tomcats").rows] == [Health.OK, Health.OK, Health.UNKNOWN]


def test_nginx(scene: Any) -> None:
    scene.earlier["web1/status"] = Answer(scene.answers["web1/status"].text.replace("70238", "69238"), 200)
    drawn = scene.say("web2/log", SILENT).picture()
    assert texts(drawn, "nginx") == [
        ["web1", "answers", "<=10", "<=100", "none"],
        ["web2", "answers", "<=10", "?", "?"],
    ]
    facts = {fact.label: fact.text for fact in drawn.nodes[0].facts}
    assert facts["requests"] == "100 a second"
    assert facts["answered by"] == "tc1 38%, tc2 32%, tc3 30%"


def test_who_answers_users(scene: Any) -> None:
    drawn = scene.picture()
    assert texts(drawn, "answers") == [
        ["tc1", "<=10", "none", "<=10 ms"],
        ["tc2", "<=10", "none", "<=10 ms"],
        ["tc3", "<=10", "none", "<=10 ms"],
    ]
    for name in ("web1", "web2"):
        scene.say(f"{name}/log", SILENT)
    assert texts(scene.picture(), "answers") == [[name, "?", "?", "?"] for name in ("tc1", "tc2", "tc3")]


def test_what_one_failed_and_another_answered(scene: Any) -> None:
    """nginx tried a Tomcat that was down, then another: the user noticed nothing, the first failed."""
    retried = scene.recorded("nginx-access.log.retried.sample").text
    at = float(retried.rstrip().rpartition("\n")[2].split(" ")[0])
    for name in ("web1", "web2"):
        scene.say(f"{name}/log", Answer(f"{at:.0f}\n{retried}"))
    failed = {row[0]: row[2] for row in texts(scene.picture(), "answers")}
    assert any(share not in ("none", "-", "?") for share in failed.values()), failed


def test_each_version_has_its_series(scene: Any) -> None:
    scene.say("tc1/list", apps("running:7:app##9", "running:3:app##8"))
    values = {sample.name: sample for sample in scene.picture().samples}
    assert values["sessions-9"].value == 7
    assert values["sessions-8"].title == "/app##8"
    for name in ("tc1", "tc2", "tc3"):
        scene.say(f"{name}/list", apps("running:7:app##9"))
    assert not [sample for sample in scene.picture().samples if sample.name.startswith("sessions-")]


def test_members(scene: Any) -> None:
    assert texts(scene.unseen("tc1", "tc2").picture(), "members") == [
        ["tc1", "self", "no", "yes"],
        ["tc2", "yes", "self", "yes"],
        ["tc3", "yes", "yes", "self"],
    ]


def test_a_steady_load_keeps_tables_still(scene: Any) -> None:
    """Threads, heap and connections move all the time; the tables need not."""
    before = scene.picture()
    scene.edit("tc1/threads", "currentThreadsBusy: 1", "currentThreadsBusy: 4")
    scene.edit("tc1/heap", "used=28159192", "used=29959192")
    scene.edit("web1/status", "Active connections: 9", "Active connections: 7")
    after = scene.picture()
    assert before.nodes != after.nodes
    assert before.tables == after.tables


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (0.4, "0"), (1, "<=10"), (10, "<=10"), (11, "<=20"), (49, "<=50"), (501, "<=1000")],
)
def test_steps(number: float, text: str) -> None:
    assert _about(number) == text


def test_samples(scene: Any) -> None:
    for name in ("web1", "web2"):
        text = scene.answers[f"{name}/status"].text
        scene.earlier[f"{name}/status"] = Answer(text.replace("70238", "70138"), 200)
    values = {sample.name: sample.value for sample in scene.picture().samples}
    assert values["requests"] == 20.0
    assert values["errors"] == 0.0
    assert values["sessions"] == 243
    assert values["threads"] == 3
    assert values["journey-login"] == pytest.approx(20.0)
    values = {sample.name: sample.value for sample in scene.tomcat("tc3", SILENT, SILENT).picture().samples}
    assert values["threads"] is None
    assert values["sessions"] == 226
    assert values["tc3-heap"] is None


def test_edges_show_who_misses_whom(scene: Any) -> None:
    edges = {(edge.source, edge.target): edge for edge in scene.unseen("tc1", "tc2").picture().edges}
    assert edges["tc1", "tc2"].label == "tc1 does not see tc2"
    assert edges["tc1", "tc2"].health is Health.WARN
    assert edges["tc1", "tc3"].health is Health.OK
    scene.say("web1/status", SILENT)
    edges = {(edge.source, edge.target): edge for edge in scene.picture().edges}
    assert edges["web1", "tc1"].health is Health.UNKNOWN
    assert edges["web2", "tc1"].health is Health.OK


def test_nodes_know_their_hosts_and_roles(scene: Any) -> None:
    nodes = scene.picture().nodes
    assert [(node.id, node.kind, node.role, node.host) for node in nodes] == [
        ("web1", "nginx", "front", "web1"),
        ("web2", "nginx", "front", "web2"),
        ("tc1", "tomcat", "app", "tc1"),
        ("tc2", "tomcat", "app", "tc2"),
        ("tc3", "tomcat", "app", "tc3"),
    ]
