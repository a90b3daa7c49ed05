"""Starts Tomcats again, one after another, each out of nginx meanwhile; nobody notices.

See docs/runbooks/restart-tomcats.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.model.plan import Parameter, Plan, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import turns
from saitotui.runbooks.application.fleet import Fleet, fleet_of
from saitotui.runbooks.guests import undisturbed
from saitotui.runbooks.robots import APPLICATION, disarm

ID = "restart-tomcats"
TITLE = "Start the Tomcats again, one after another"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    wanted = parameters.get("node", "")
    fleet = fleet_of(profile, snapshot, wanted)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    names = (wanted,) if wanted else fleet.names
    wrong = turns.unfit(fleet, names)
    if wrong:
        return Refusal(ID, wrong)
    hosts = [fleet.application.tomcats[name].host for name in names]
    who = f"{' and '.join(names)} {'is' if wanted else 'are'}"
    return Plan(
        ID,
        TITLE,
        " ".join(names),
        dict(parameters),
        f"{who} started again, out of nginx meanwhile; nobody notices",
        tuple(stage for name in names for stage in _turn(fleet, name)),
        (*turns.preflight(fleet, names), *undisturbed(profile, hosts)),
        tuple(disarm(profile, snapshot, APPLICATION)),
        ("application",),
    )


def _turn(fleet: Fleet, name: str) -> tuple[Stage, Stage]:
    out = tuple(turns.take_out(fleet, name))
    again = (*turns.restart(fleet, name), *turns.put_back(fleet, name))
    return (
        Stage(f"out-{name}", f"Take {name} out of nginx", out, confirm="y", notice=turns.NOBODY, once=True),
        Stage(
            f"restart-{name}",
            f"Start {name} again, and put it back",
            again,
            confirm=f"restart {name}",
            notice="nothing: nobody is led there",
            point_of_no_return=True,
            once=True,
        ),
    )


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "Each is taken out of nginx, its sessions are on the others; it is started again, and put back.",
    plan,
    (Parameter("node", "the Tomcat to start again; without it all, one after another"),),
)
