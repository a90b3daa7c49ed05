"""What a run has for itself while it acts, and gives back while it only waits: its leases."""

from __future__ import annotations

import time
from typing import Protocol

from saitotui.engine.runs.lease import LeaseRefused, Leases
from saitotui.engine.runs.record import Record
from saitotui.engine.runs.waits import Waits
from saitotui.model.plan import Plan
from saitotui.model.run import Kind

AGAIN = 5.0
"""Seconds between two attempts to have leases back that somebody else has."""
PATIENCE = 3600.0
"""Seconds for which whoever acts is waited for before somebody decides."""


class Hold(Protocol):
    """What an execution needs of it."""

    async def take(self) -> str:
        """Has it from now on; '' or why not."""
        ...

    async def give_back(self) -> None:
        """Others may have it."""
        ...


class Nothing:
    """Of a run that needs no lease."""

    async def take(self) -> str:
        return ""

    async def give_back(self) -> None:
        return


class HeldLeases:
    """The leases that `plan` needs. Whoever has them when they are to be had back is waited for; `waits` may
    stop that."""

    def __init__(self, leases: Leases, plan: Plan, record: Record, waits: Waits) -> None:
        self._leases = leases
        self._tiers, self._absent = plan.leases, plan.absent
        self._record = record
        self._waits = waits

    async def first(self, take_over: str = "") -> None:
        """Takes them when the run begins or goes on; LeaseRefused when somebody else has one."""
        await self._leases.take(self._tiers, take_over, self._absent)
        self._record.tell(Kind.LEASE, f"holding: {', '.join(self._tiers)}", held=list(self._tiers))

    async def take(self) -> str:
        until, told = time.monotonic() + PATIENCE, ""
        with self._waits.wait():
            while True:
                try:
                    await self.first()
                except LeaseRefused as error:
                    why = str(error)
                else:
                    return ""
                if self._waits.stopped or time.monotonic() >= until:
                    return why
                # How long ago its holder was heard of is no news.
                if told != (told := why.partition(", last sign")[0]):
                    self._record.tell(Kind.NOTE, why, *self._record.place, waits=True)
                await self._waits.pause(AGAIN)

    async def give_back(self) -> None:
        left = await self._leases.release()
        self._record.tell(Kind.LEASE, left or "given back", held=[])
