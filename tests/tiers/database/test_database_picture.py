"""What screens get: nodes, edges, tables, series, robots; and that nothing hostile gets through."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from saitotui.model.command import Answer, Client, Failure
from saitotui.model.health import Health

Platform = Any
Record = Callable[[str, str], Any]

HOSTILE = st.one_of(
    st.text(max_size=200),
    st.binary(max_size=200).map(lambda data: data.decode("latin-1")),
    st.sampled_from(
        ["", "\x1b[2J\x07", "[/x] [bold]", "9" * 400, "nan", "-1", "1e999", "0-1-", "\n" * 50, "é" * 5000]
    ),
)
CALM = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def table(platform: Platform, name: str) -> list[dict[str, str]]:
    found = next(one for one in platform.picture.tables if one.name == name)
    return [dict(zip(found.columns, (c.text for c in row.cells), strict=True)) for row in found.rows]


def test_questions_go_where_the_answers_are(healthy: Platform) -> None:
    asked = healthy.tier.questions
    assert len({question.key for question in asked}) == len(asked)
    targets = {question.key: (question.command.client, question.command.target) for question in asked}
    assert targets["database/db2/replica"] == (Client.MYSQL, "db2")
    assert targets["database/db2/daemon"] == (Client.SSH, "db2")
    assert targets["database/lb1/stat"] == (Client.HAPROXY, "lb1")
    assert targets["database/lb1/config"] == (Client.SSH, "lb1")
    # It may hang behind a STOP REPLICA: it must not keep the other questions waiting.
    sessions = {question.key: question.command.session for question in asked}
    assert sessions["database/db1/replica"] != sessions["database/db1/variables"]
    assert all("\n" not in question.command.text for question in asked)
    assert all(0 < question.deadline <= 5 for question in asked)


def test_nodes_tell_their_kind_host_and_role(healthy: Platform) -> None:
    nodes = {node.id: node for node in healthy.picture.nodes}
    assert {name: node.kind for name, node in nodes.items()} == {
        "db1": "mysql", "db2": "mysql", "lb1": "haproxy", "lb2": "haproxy",
    }  # fmt: skip
    assert nodes["db1"].host == "db1"
    assert nodes["lb1"].summary == "sends writes to db1, 4 sessions"
    assert nodes["db2"].summary == "read-only, lag 0s"
    facts = {fact.label: fact.text for fact in nodes["db2"].facts}
    assert facts["follows"] == "127.82.0.11:3306"
    assert facts["read_only"] == "ON"
    assert facts["transactions it lacks"] == "0"
    assert facts["process on its host"] == "pid 4711"


def test_edges_are_traffic_and_replication(healthy: Platform) -> None:
    edges = {(edge.source, edge.target): edge for edge in healthy.picture.edges}
    assert edges["lb1", "db1"].label == "4 sessions"
    assert edges["db1", "db2"].kind == "replication"
    assert edges["db1", "db2"].label == "lag 0s"
    assert {edge.health for edge in edges.values()} == {Health.OK}
    assert ("lb1", "db2") not in edges


def test_a_broken_thread_breaks_the_edge(record: Record) -> None:
    edges = {
        (edge.source, edge.target): edge
        for edge in record("mariadb-10.11", "sql-thread-error-1062").picture.edges
    }
    assert (edges["db1", "db2"].health, edges["db1", "db2"].label) == (Health.CRIT, "SQL No")


def test_tables(healthy: Platform) -> None:
    servers = table(healthy, "servers")
    assert [row["role"] for row in servers] == ["master", "replica"]
    assert [row["state"] for row in servers] == ["writable", "read-only"]
    assert [row["semi-sync"] for row in servers] == ["on 1", "receives"]
    assert [row["lag"] for row in servers] == ["-", "0s"]
    assert table(healthy, "haproxy")[0] == {
        "node": "lb1", "writes to": "db1", "db1": "UP 4", "db2": "MAINT 0", "sessions": "4",
    }  # fmt: skip


def test_the_process_table_shows_who_holds_others_up(record: Record) -> None:
    rows = table(record("mariadb-10.11", "freeze-waits-for-long-statement"), "processes")
    assert rows[0]["who"] == "root@localhost"
    assert {row["state"] for row in rows} == {"User sleep", "Waiting for backup lock"}
    assert [row["for"] for row in rows] == ["2s", "2s", "1s", "1s", "1s", "1s", "1s"]


def test_rates_need_two_readings(healthy: Platform) -> None:
    samples = {sample.name: sample.value for sample in healthy.picture.samples}
    assert samples["db1-qps"] is None
    before = healthy.named("db1/status", Questions="329091").answers["db1/status"]
    later = replace(healthy, earlier={"db1/status": before})
    samples = {sample.name: sample.value for sample in later.picture.samples}
    assert samples["db1-qps"] == 200
    assert samples["db1-connections"] == 7
    assert samples["db2-lag"] == 0
    assert samples["db2-gap"] == 0


def test_haproxy_is_a_robot_when_it_may_move_writes(healthy: Platform) -> None:
    assert [robot.armed for robot in healthy.picture.robots] == [False, False]
    armed = healthy.stat("lb1", "mysql_write", "db2", status="UP", bck="1")
    assert [robot.armed for robot in armed.picture.robots] == [True, False]
    unknown = healthy.lost("lb2")
    assert [robot.armed for robot in unknown.picture.robots] == [False, None]


def test_the_dead_are_named_with_the_proof(record: Record) -> None:
    dead: Mapping[str, str] = record("mariadb-10.11", "master-dead").picture.dead
    assert set(dead) == {"db1"}
    assert "db2 lost it (2003)" in dead["db1"]
    assert "lb1 and lb2 call it DOWN (L4CON Connection refused)" in dead["db1"]


def test_a_replica_that_lost_its_master_can_still_be_promoted(record: Record) -> None:
    """A node is as bad as its own findings; what the master's death does to it is a warning there."""
    picture = record("mariadb-10.11", "master-dead").picture
    health = {node.id: node.health for node in picture.nodes}
    assert (health["db1"], health["db2"], health["lb1"]) == (Health.CRIT, Health.WARN, Health.WARN)
    assert picture.health is Health.CRIT


def test_what_was_last_known_is_marked(healthy: Platform) -> None:
    platform = replace(healthy, earlier={"db1/variables": healthy.answers["db1/variables"]}).lost("db1")
    facts = {fact.label: fact.text for fact in platform.picture.nodes[0].facts}
    assert facts["read_only"] == "OFF (last known)"


def printable(platform: Platform) -> None:
    """Nothing that steers a terminal is in anything drawn."""
    picture = platform.picture
    texts = [finding.sentence for finding in picture.findings]
    texts += [line for finding in picture.findings for line in finding.evidence]
    texts += [fact.text for node in picture.nodes for fact in node.facts]
    texts += [cell.text for one in picture.tables for row in one.rows for cell in row.cells]
    texts += [edge.label for edge in picture.edges] + [picture.headline]
    assert not [text for text in texts if not text.isprintable()]


@CALM
@given(data=st.data())
def test_hostile_answers_are_failures(healthy: Platform, data: st.DataObject) -> None:
    """Truncated, mangled or alien answers: a Failure, and a picture all the same."""
    key = data.draw(st.sampled_from(sorted(healthy.answers)))
    answer = healthy.answers[key]
    assert isinstance(answer, Answer)
    if answer.rows:
        row = data.draw(st.integers(0, len(answer.rows) - 1))
        column = data.draw(st.sampled_from(sorted(answer.rows[row])))
        value: Any = data.draw(st.one_of(HOSTILE, st.none(), st.integers(), st.floats()))
        rows = [dict(one) for one in answer.rows]
        if data.draw(st.booleans()):
            rows[row][column] = value
        else:
            del rows[row][column]
        changed = Answer(rows=tuple(rows))
    else:
        cut = data.draw(st.integers(0, len(answer.text)))
        noise = data.draw(HOSTILE)
        rest = answer.text[cut + len(noise) :] if data.draw(st.booleans()) else ""
        changed = Answer(answer.text[:cut] + noise + rest, data.draw(st.sampled_from([0, 1, 127])))
    platform = healthy.answer(key, changed)
    question = next(q for q in platform.tier.questions if q.key == f"database/{key}")
    value = question.read(changed)
    assert not isinstance(value, Failure) or value.sentence
    printable(platform)


@CALM
@given(text=HOSTILE, key=st.sampled_from(["lb1/stat", "lb1/state", "lb1/info", "lb1/config", "db1/daemon"]))
def test_alien_text_is_a_failure(healthy: Platform, text: str, key: str) -> None:
    platform = healthy.answer(key, Answer(text))
    question = next(q for q in platform.tier.questions if q.key == f"database/{key}")
    assert isinstance(question.read(Answer(text)), Failure)
    printable(platform)


def test_a_line_of_ten_megabytes_is_a_failure(healthy: Platform) -> None:
    huge = "# pxname,svname,status\n" + "x" * 10_000_000
    platform = healthy.answer("lb1/stat", Answer(huge))
    assert "haproxy-unreadable" in platform.codes
    statement = {"Info": "INSERT " + "x" * 10_000_000, "Time": 5}
    printable(healthy.processes("db1", statement))
