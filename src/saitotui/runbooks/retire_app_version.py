"""Undeploys versions of the application that nobody is on any more: what a deployment left behind.

See docs/runbooks/retire-app-version.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.model.plan import Grade, Parameter, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, drained, steps
from saitotui.runbooks.application.fleet import Fleet, fleet_of
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "retire-app-version"
TITLE = "Undeploy old versions of the application"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    fleet = fleet_of(profile, snapshot)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    serves = fleet.serves()
    if isinstance(serves, tuple):
        return Refusal(ID, serves)
    versions = _old(fleet, serves, parameters.get("version", ""))
    idle = parameters.get("expire", "")
    if isinstance(versions, str):
        return Refusal(ID, (versions,))
    if idle and not (idle.isdecimal() and len(idle) < 6):
        return Refusal(ID, (f"expire={idle} is no number of minutes",))
    names = fleet.all_named(versions)
    stages = [_expire(fleet, versions, int(idle))] if idle else []
    return Plan(
        ID,
        TITLE,
        names,
        dict(parameters),
        f"{names} goes when nobody is on it any more; {fleet.named(serves)} serves everybody",
        (*stages, drained.drain(fleet, versions), drained.retire(fleet, versions)),
        tuple(
            Precondition(checks.serves(fleet, name, serves), "somebody would get nothing", decisive=True)
            for name in fleet.names
        )
        + tuple(
            Precondition(
                checks.sees_all(fleet, name),
                "sessions that are not copied are lost with their Tomcat",
                Grade.AMBER,
                Grade.AMBER,
            )
            for name in fleet.names
        ),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _old(fleet: Fleet, serves: str, wanted: str) -> tuple[str, ...] | str:
    """The versions to undeploy, oldest first; or why there is none."""
    old = tuple(version for version in reversed(fleet.versions) if version != serves)
    if wanted and wanted == serves:
        return f"{fleet.named(serves)} serves everybody: roll-back-app-version undeploys that"
    if wanted and wanted not in old:
        return f"no Tomcat has {fleet.named(wanted)}"
    return ((wanted,) if wanted else old) or f"there is no other version than {fleet.named(serves)}"


def _expire(fleet: Fleet, versions: tuple[str, ...], minutes: int) -> Stage:
    body = tuple(
        steps.expire(fleet, name, version, minutes) for version in versions for name in fleet.having(version)
    )
    return Stage(
        "expire",
        f"End the sessions of {fleet.all_named(versions)} that were idle for {minutes} minutes",
        body,
        confirm=f"expire {' '.join(versions)}".strip(),
        notice="their users are logged out, and lose what they did not store",
        point_of_no_return=True,
    )


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "Waits until nobody is on a version any more, then undeploys it on every Tomcat.",
    plan,
    (
        Parameter("version", "the version; without it every one but that which serves new visitors"),
        Parameter("expire", "minutes of idleness from which sessions are ended by hand, by typing it"),
    ),
)
