"""Puts a Tomcat back into nginx, once it serves what the others serve and has their sessions.

See docs/runbooks/put-tomcat-back.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saitotui.model.plan import Parameter, Plan, Precondition, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import checks, fronts, turns
from saitotui.runbooks.application.fleet import Fleet, fleet_of

ID = "put-tomcat-back"
TITLE = "Put a Tomcat back into nginx"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    name = parameters["node"]
    fleet = fleet_of(profile, snapshot, name)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    serves = fleet.serves()
    if isinstance(serves, tuple):
        return Refusal(ID, serves)
    wrong = turns.unfit(fleet, (name,))
    if wrong:
        return Refusal(ID, wrong)
    body = tuple(turns.put_back(fleet, name))
    return Plan(
        ID,
        TITLE,
        name,
        dict(parameters),
        f"nginx leads users to {name} again",
        (Stage("back", f"Put {name} back into nginx", body, confirm="y", notice="nothing"),),
        tuple(_preflight(fleet, name, serves)),
        (),
        ("application",),
    )


def _preflight(fleet: Fleet, name: str, serves: str) -> Iterator[Precondition]:
    yield Precondition(checks.serves(fleet, name, serves), "users would get something else", decisive=True)
    for one in fleet.names:
        yield Precondition(checks.sees_all(fleet, one), "it could not take their sessions over")
    for front, node in fleet.application.nginx.items():
        why = "nginx would go on with the old one, or not come up again"
        yield Precondition(fronts.sound(front, node), why, decisive=True)


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "nginx leads users to it again, once it serves what the others serve and sees them.",
    plan,
    (Parameter("node", "the Tomcat", required=True),),
)
