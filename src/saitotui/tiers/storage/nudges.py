"""DRBD tells of every change itself (`drbdsetup events2`, drbdsetup(8)): nobody has to wait for a poll."""

from __future__ import annotations

from saitotui.clients.quoting import shell
from saitotui.model.command import Client, Command
from saitotui.model.nudge import Nudge
from saitotui.model.profile import Profile
from saitotui.tiers.storage.questions import ask

BEGUN = "exists -"
"""What events2 prints after the state that it found."""


def nudges(profile: Profile) -> tuple[Nudge, ...]:
    storage = profile.storage
    if storage is None:
        return ()
    text = f"exec drbdsetup events2 {shell(storage.resource)}"
    return tuple(
        Nudge(
            Command(Client.SSH, node.host, text),
            frozenset({node.proc.key, node.status.key, node.serving.key, node.addresses.key}),
            BEGUN,
        )
        for node in ask(storage, profile.poll).nodes.values()
    )
