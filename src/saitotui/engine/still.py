"""A source whose picture does not change by itself."""

from __future__ import annotations

from collections.abc import Callable

from saitotui.model.picture import Picture


class Still:
    """Implements `Source`: there is nobody to ask, and nothing to stop."""

    def __init__(self, picture: Picture | None) -> None:
        self._picture = picture
        self._listeners: list[Callable[[], None]] = []

    @property
    def picture(self) -> Picture | None:
        return self._picture

    def listen(self, callback: Callable[[], None]) -> None:
        self._listeners.append(callback)

    def start(self) -> None:
        pass

    def stop(self) -> None:
        pass

    def pause(self, paused: bool) -> None:
        pass

    def refresh(self) -> None:
        pass

    def show(self, picture: Picture | None) -> None:
        """Another one, and whoever listens is told."""
        self._picture = picture
        for callback in self._listeners:
            callback()
