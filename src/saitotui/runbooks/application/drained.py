"""The end of a version: nobody is on it any more, and it goes."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.model.plan import Stage, Step
from saitotui.runbooks.application import checks, steps
from saitotui.runbooks.application.fleet import Fleet


def drain(fleet: Fleet, versions: Sequence[str], *, optional: bool = False) -> Stage:
    """Waits until nobody is on `versions`, however long that takes."""
    places = [(version, name) for version in versions for name in fleet.having(version)]
    body = tuple(
        steps.drain(fleet, name, version, first=number == 0) for number, (version, name) in enumerate(places)
    )
    return Stage(
        "drain",
        f"Wait until nobody is on {fleet.all_named(versions)}",
        body,
        notice="nothing",
        rests=True,
        optional=optional,
    )


def retire(fleet: Fleet, versions: Sequence[str], *, optional: bool = False) -> Stage:
    """Undeploys `versions`, each Tomcat's when nobody is on them there."""
    body: list[Step] = []
    for version in versions:
        no_undo = f"deploy the file of {fleet.named(version)} again"
        body += [
            steps.undeploy(
                fleet,
                name,
                version,
                (checks.empty(fleet, name, version), checks.another_runs(fleet, name, version)),
                no_undo,
            )
            for name in fleet.having(version)
        ]
    return Stage(
        "retire",
        f"Undeploy {fleet.all_named(versions)}",
        tuple(body),
        confirm=f"undeploy {' '.join(versions)}".strip(),
        notice="nothing: nobody is on it any more",
        point_of_no_return=True,
        optional=optional,
    )
