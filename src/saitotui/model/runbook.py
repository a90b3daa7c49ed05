"""What a runbook is to the rest of the program."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saitotui.model.plan import Parameter, Plan, Refusal
from saitotui.model.profile import Profile
from saitotui.model.snapshot import Snapshot


@dataclass(frozen=True, slots=True)
class Runbook:
    """How a runbook module presents itself: each `saitotui.runbooks.NAME` has one, called `RUNBOOK`.

    `plan` is pure. `id` is the name in words (`swap-db-master`), `tier` the tier it is listed under.
    """

    id: str
    tier: str
    title: str
    summary: str
    plan: Callable[[Profile, Snapshot, Mapping[str, str]], Plan | Refusal]
    parameters: tuple[Parameter, ...] = ()

    @property
    def defaults(self) -> Mapping[str, str]:
        """What its parameters are where nobody gives them."""
        return {parameter.name: parameter.default for parameter in self.parameters}
