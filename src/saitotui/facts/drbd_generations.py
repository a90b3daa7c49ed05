"""DRBD's generation identifiers of one node: which history its copy has.

Format: drbdadm(8) `get-gi` (8.4 and 9): `CURRENT:BITMAP:HISTORY:HISTORY:flags...`, each 16 hex digits. The
lowest bit of the first says that the node is Primary (8.4 user's guide, "Generation identifiers").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Unparsable
from saitotui.model.text import clean, one_line

_RESYNC = 0x0001000000000000
"""UUID_NEW_BM_OFFSET (drbd_int.h)."""
_GI = re.compile(r"\b([0-9A-F]{16}):([0-9A-F]{16}):([0-9A-F]{16}):([0-9A-F]{16}):", re.IGNORECASE)


def generations_command(resource: str) -> str:
    return f"timeout -k 1 5 drbdadm get-gi {shell(resource)}"


@dataclass(frozen=True, slots=True)
class Generations:
    """`current` begins a new one whenever a Primary goes on alone; `bitmap` is the one from which on changes
    are marked; `history` is older ones. Without the bit that says who is Primary; hex digits."""

    current: str
    bitmap: str
    history: tuple[str, ...]

    @property
    def known(self) -> frozenset[str]:
        """Every generation that this copy has been through, without empty ones."""
        return frozenset({self.current, self.bitmap, *self.history} - {"0" * 16})

    def lags(self, other: Generations) -> bool:
        """Whether this copy only lacks what the other one has. While it gets that it has a generation of its
        own: the one from which the other marks changes, plus `_RESYNC` (`drbd_gen_and_send_sync_uuid`); where
        the other one was asked a moment earlier, it did not know of that yet."""
        before = f"{(int(self.current, 16) - _RESYNC) % (1 << 64):016X}"
        return self.current != other.current and not other.known.isdisjoint({self.current, before})


def generations(answer: Answer) -> Generations:
    """Reads the answer of `generations_command`."""
    found = _GI.search(clean(answer.text))
    if found is None:
        said = one_line(answer.text, limit=80)
        raise Unparsable(f"drbdadm names no generation (it said {said!r})")
    current, bitmap, *history = (f"{int(word, 16) & ~1:016X}" for word in found.groups())
    return Generations(current, bitmap, tuple(history))
