"""Memory pools of a Tomcat's JVM (java.lang.management.MemoryPoolMXBean)."""

from __future__ import annotations

from dataclasses import dataclass

from saitotui.facts.tomcat_beans import ask_beans, beans
from saitotui.model.command import Answer, Unparsable

METASPACE = ask_beans("java.lang:type=MemoryPool,name=Metaspace")


@dataclass(frozen=True, slots=True)
class Pool:
    """Bytes; `most` None where there is no limit."""

    used: int
    most: int | None


def metaspace(answer: Answer) -> Pool:
    """Reads the answer to `METASPACE`."""
    found = beans(answer)
    if not found:
        raise Unparsable("the JVM shows no metaspace")
    parts = found[0].parts("Usage")
    if "used" not in parts:
        raise Unparsable("the JVM does not say how much of its metaspace is used")
    most = parts.get("max", -1)
    return Pool(parts["used"], most if most > 0 else None)
