"""Brings a database server back as the replica of the living master: the old master, or a broken replica.

It starts closed, what only it has is kept before anything is discarded, and it is built anew only if it has
what the master lacks. See docs/runbooks/rebuild-db-replica.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Check, Parameter, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.database import checks, rebuild, steps
from saitotui.runbooks.database.comeback import Comeback, comeback_of
from saitotui.runbooks.database.pair import view_of
from saitotui.runbooks.robots import disarm

ID = "rebuild-db-replica"
TITLE = "Bring a database replica back"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the database as `snapshot` has it."""
    view = view_of(profile, snapshot)
    if view is None:
        return Refusal(ID, ("the profile has no database",))
    back = comeback_of(view, parameters.get("server", ""))
    if isinstance(back, tuple):
        return Refusal(ID, back)
    always = parameters.get("anew", "no") == "yes"
    reason = _cannot_build(back, always)
    if reason:
        return Refusal(ID, (reason,))
    name, master = back.server.name, back.master.name
    stages = [_start(back)] if back.server.stopped else []
    stages.append(_keep(back))
    if back.follows_back:
        stages.append(_detach(back))
    if always or back.server.ahead != "":
        stages.append(_build(back, always))
    stages.append(_attach(back))
    return Plan(
        ID,
        TITLE,
        name,
        dict(parameters),
        f"{name} follows {master} again; {_how(back, always)}",
        tuple(stages),
        tuple(_preflight(back)),
        tuple(disarm(profile, snapshot)),
        ("database",),
    )


def _how(back: Comeback, always: bool) -> str:
    name, master = back.server.name, back.master.name
    if always:
        return "it is built anew"
    if back.server.ahead:
        return f"it has {back.server.ahead}, which {master} lacks: that is kept, and {name} built anew"
    if back.server.ahead is None:
        return f"if it has what {master} lacks, that is kept, and {name} built anew"
    return f"it has nothing that {master} lacks"


def _cannot_build(back: Comeback, always: bool) -> str:
    """Why a server that must, or may have to, be built anew cannot be; '' when it can."""
    if not always and back.server.ahead == "":
        return ""
    if not back.database.clone_user:
        return (
            "the profile has no database.clone_user and clone_password: the account that reads all of "
            f"{back.master.name} (docs/security.md)"
        )
    return ""


def _preflight(back: Comeback) -> Iterator[Precondition]:
    server, master = back.server, back.master

    def red(check: Check, why: str) -> Precondition:
        return Precondition(check, why, decisive=True)

    yield red(checks.writable(master.name, True), "there is no master to follow")
    backend = back.database.write_backend
    for node in back.balancers:
        check = checks.sends_writes_to(node, backend, master.line_names[node], (), drained=False)
        yield red(check, f"users could write to {server.name} while it comes back")
    if not server.stopped:
        yield red(checks.writable(server.name, False), "two servers take writes: find out what each has")
    if server.ahead != "":
        yield red(rebuild.has_programs(back), "it could not be built anew")
        yield from (red(check, "it could not be built anew") for check in rebuild.can_clone(back))
    if server.stopped:
        yield red(rebuild.starts_closed(back), "it could take writes as soon as it runs")


def _start(back: Comeback) -> Stage:
    name = back.server.name
    return Stage(
        "start",
        f"Start {name}, so that nobody can write to it",
        (rebuild.start(back),),
        confirm=f"start {name}",
        notice="nothing",
    )


def _keep(back: Comeback) -> Stage:
    name, master = back.server.name, back.master.name
    return Stage(
        "keep", f"Keep what only {name} has, and {master} lacks", rebuild.compare(back), notice="nothing"
    )


def _detach(back: Comeback) -> Stage:
    name, master = back.server.name, back.master.name
    return Stage(
        "detach",
        f"{master}, which takes the writes, no longer follows {name}",
        (steps.detach(back.master),),
        notice="nothing",
        point_of_no_return=True,
    )


def _build(back: Comeback, always: bool) -> Stage:
    name, master = back.server.name, back.master.name
    title = f"Build {name} anew" if always else f"Build {name} anew, if it has what {master} lacks"
    return Stage(
        "build",
        title,
        rebuild.build(back, always=always),
        confirm=f"rebuild {name}",
        notice=f"{master} is read once from end to end, which may slow it down",
        point_of_no_return=True,
    )


def _attach(back: Comeback) -> Stage:
    name, master = back.server.name, back.master.name
    return Stage(
        "attach", f"{name} follows {master}", rebuild.attach(back), notice="nothing", point_of_no_return=True
    )


RUNBOOK = Runbook(
    ID,
    "database",
    TITLE,
    "The old master, or a broken replica, follows again; what only it has is kept before it is discarded.",
    plan,
    (
        Parameter("server", "the server to bring back; without it the only one that needs it"),
        Parameter("anew", "yes: build it anew although it has nothing that the master lacks", "no"),
    ),
)
