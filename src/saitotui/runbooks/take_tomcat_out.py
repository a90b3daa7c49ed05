"""Takes a Tomcat out of nginx, for work on it: nobody is led there, its sessions go on on the others.

See docs/runbooks/take-tomcat-out.md.
"""

from __future__ import annotations

from collections.abc import Mapping

from saitotui.model.plan import Parameter, Plan, Refusal, Stage
from saitotui.model.profile import Profile
from saitotui.model.runbook import Runbook
from saitotui.model.snapshot import Snapshot
from saitotui.runbooks.application import turns
from saitotui.runbooks.application.fleet import fleet_of

ID = "take-tomcat-out"
TITLE = "Take a Tomcat out of nginx"


def plan(profile: Profile, snapshot: Snapshot, parameters: Mapping[str, str]) -> Plan | Refusal:
    """The plan for the Tomcats as `snapshot` has them."""
    name = parameters["node"]
    fleet = fleet_of(profile, snapshot, name)
    if isinstance(fleet, tuple):
        return Refusal(ID, fleet)
    wrong = turns.unfit(fleet, (name,))
    if wrong:
        return Refusal(ID, wrong)
    body = tuple(turns.take_out(fleet, name))
    return Plan(
        ID,
        TITLE,
        name,
        dict(parameters),
        f"nginx leads nobody to {name}; put-tomcat-back puts it back",
        (Stage("out", f"Take {name} out of nginx", body, confirm="y", notice=turns.NOBODY),),
        tuple(turns.preflight(fleet, (name,))),
        (),
        ("application",),
    )


RUNBOOK = Runbook(
    ID,
    "application",
    TITLE,
    "nginx leads nobody to it any more, what it was asked is answered; the others have its sessions.",
    plan,
    (Parameter("node", "the Tomcat", required=True),),
)
