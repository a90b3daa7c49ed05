"""A picture as data: what `saitotui status --json` prints, and the same in lines for people.

docs/status.md describes it; `SCHEMA` grows by one when a reader of the old form would misread the new one.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

from typing_extensions import TypedDict

from saitotui.model.finding import Finding
from saitotui.model.picture import Picture
from saitotui.model.text import clean, duration, one_line
from saitotui.model.topology import TierPicture

SCHEMA = 1


class FactReport(TypedDict):
    """One line of a node's details."""

    label: str
    text: str


class NodeReport(TypedDict):
    """A machine or service. `role` is what facts say it does now, empty when unknown."""

    id: str
    kind: str
    role: str
    health: str
    summary: str
    host: str
    facts: list[FactReport]


class EdgeReport(TypedDict):
    """A link: traffic or replication flows from `source` to `target`."""

    source: str
    target: str
    kind: str
    health: str
    label: str


class SampleReport(TypedDict):
    """The present value of a series; null when unknown."""

    name: str
    value: float | None
    unit: str


class TierReport(TypedDict):
    name: str
    health: str
    headline: str
    nodes: list[NodeReport]
    edges: list[EdgeReport]
    samples: list[SampleReport]


class FindingReport(TypedDict):
    """A named situation. `code` is permanent; `cause` is the code of the finding that explains it, or empty;
    `since` is when this console first saw it."""

    code: str
    subject: str
    health: str
    sentence: str
    evidence: list[str]
    runbooks: list[str]
    cause: str
    since: str


class ReadingReport(TypedDict):
    """One question: when its last answer came, how old that is and what it took, in seconds; `failure` is
    empty when it was answered, else `kind: sentence`. `good_at` is the last real answer, empty if never."""

    key: str
    subject: str
    at: str
    age: float
    cost: float
    failure: str
    good_at: str


class JourneyReport(TypedDict):
    name: str
    health: str
    sentence: str
    latency: float | None


class RobotReport(TypedDict):
    """Something that acts by itself; `armed` is null when that cannot be told."""

    name: str
    armed: bool | None
    sentence: str


class Report(TypedDict):
    """The whole. Times are UTC, ISO 8601 with `Z`; health is OK, MAINT, WARN, UNKNOWN or CRIT."""

    schema: int
    platform: str
    environment: str
    at: str
    health: str
    journeys: list[JourneyReport]
    tiers: list[TierReport]
    findings: list[FindingReport]
    robots: list[RobotReport]
    readings: list[ReadingReport]


def utc(at: float) -> str:
    """`2026-01-15T03:12:40Z`; empty for never."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at else ""


def report(picture: Picture) -> Report:
    """`picture` as plain data."""
    return {
        "schema": SCHEMA,
        "platform": picture.profile.name,
        "environment": picture.profile.environment.name,
        "at": utc(picture.at),
        "health": picture.health.name,
        "journeys": [
            {"name": j.name, "health": j.health.name, "sentence": j.sentence, "latency": j.latency}
            for j in picture.journeys
        ],
        "tiers": [_tier(tier) for tier in picture.tiers],
        "findings": [_finding(finding, picture) for finding in picture.findings],
        "robots": [{"name": r.name, "armed": r.armed, "sentence": r.sentence} for r in picture.robots],
        "readings": list(_readings(picture)),
    }


def _tier(tier: TierPicture) -> TierReport:
    return {
        "name": tier.tier,
        "health": tier.health.name,
        "headline": clean(tier.headline),
        "nodes": [
            {
                "id": node.id,
                "kind": node.kind,
                "role": node.role,
                "health": node.health.name,
                "summary": clean(node.summary),
                "host": node.host,
                "facts": [{"label": fact.label, "text": clean(fact.text)} for fact in node.facts],
            }
            for node in tier.nodes
        ],
        "edges": [
            {
                "source": edge.source,
                "target": edge.target,
                "kind": edge.kind,
                "health": edge.health.name,
                "label": clean(edge.label),
            }
            for edge in tier.edges
        ],
        "samples": [{"name": s.name, "value": s.value, "unit": s.unit} for s in tier.samples],
    }


def _finding(finding: Finding, picture: Picture) -> FindingReport:
    return {
        "code": finding.code,
        "subject": finding.subject,
        "health": finding.health.name,
        "sentence": clean(finding.sentence),
        "evidence": [clean(line) for line in finding.evidence],
        "runbooks": list(finding.runbooks),
        "cause": finding.cause,
        "since": utc(picture.since.get((finding.code, finding.subject), picture.at)),
    }


def _readings(picture: Picture) -> Iterator[ReadingReport]:
    for key, question in picture.questions.items():
        reading = picture.snapshot.reading(question)
        failure = reading.failure
        yield {
            "key": key,
            "subject": question.subject,
            "at": utc(reading.at),
            "age": round(max(0.0, picture.at - reading.at), 1) if reading.at else 0.0,
            "cost": round(reading.cost, 4),
            "failure": f"{failure.kind}: {clean(failure.sentence)}" if failure else "",
            "good_at": utc(reading.at if reading.ok else reading.good_at),
        }


def plain(told: Report) -> Iterator[str]:
    """The report in lines: state words first, one fact a line."""
    yield f"{told['health']}: platform {told['platform']} ({told['environment']}) at {told['at']}"
    for journey in told["journeys"]:
        yield f"{journey['health']}: journey {journey['name']}: {one_line(journey['sentence'])}"
    for tier in told["tiers"]:
        yield f"{tier['health']}: tier {tier['name']}: {one_line(tier['headline'])}"
    for finding in told["findings"]:
        because = f" (because of {finding['cause']})" if finding["cause"] else ""
        yield f"{finding['health']}: {finding['code']}: {one_line(finding['sentence'], limit=400)}{because}"
        yield from (f"    evidence: {one_line(line, limit=400)}" for line in finding["evidence"])
        yield from (f"    runbook: {runbook}" for runbook in finding["runbooks"])
    for robot in told["robots"]:
        armed = {True: "ARMED", False: "DISARMED", None: "UNKNOWN"}[robot["armed"]]
        yield f"{armed}: robot {robot['name']}: {one_line(robot['sentence'])}"
    failed = [reading for reading in told["readings"] if reading["failure"]]
    yield f"{len(told['readings']) - len(failed)} of {len(told['readings'])} questions answered"
    for reading in failed:
        last = f", last answered {reading['good_at']}" if reading["good_at"] else ""
        yield f"    no answer: {reading['key']}: {one_line(reading['failure'])}{last}"


def age(seconds: float) -> str:
    """How long ago, in words that people use."""
    return f"{duration(max(0.0, seconds))} ago"
