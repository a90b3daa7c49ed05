"""A console that looks at real services."""

from __future__ import annotations

import time
from pathlib import Path

from tests.twin import POLLS

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.judge import judge
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform as tiers_of
from saitotui.engine.report import Report, report
from saitotui.model.picture import Picture


class Console:
    """Looks as the console does: connections stay open, the last answers are remembered."""

    def __init__(self, profile: Path) -> None:
        self._seen = tiers_of(load_profile(profile))
        self._hub, self._memory = Hub(self._seen.profile), Memory()
        self.picture: Picture | None = None

    async def look(self) -> Report:
        """One poll."""
        questions = self._seen.questions.values()
        snapshot = await look(self._hub, questions, self._memory, time.time)
        self.picture = judge(self._seen, snapshot, self.picture)
        return report(self.picture)

    async def polls(self) -> Report:
        """The last of the polls within which a state must be seen."""
        told = await self.look()
        for _ in range(POLLS - 1):
            told = await self.look()
        return told

    async def aclose(self) -> None:
        await self._hub.aclose()
