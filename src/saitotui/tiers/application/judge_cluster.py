"""Findings about the session cluster: who sees whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saitotui.model.finding import Finding
from saitotui.model.text import one_line
from saitotui.tiers.application import situations_deploy as d
from saitotui.tiers.application.judge_tomcats import TIER
from saitotui.tiers.application.view import State, TomcatView, View


@dataclass(frozen=True, slots=True)
class Membership:
    """Who sees whom now. `sees`: by Tomcat, the other Tomcats that it sees well; only of those whose view is
    known. `strangers`: member names that no Tomcat of the profile bears, by the Tomcats that see them."""

    sees: Mapping[str, frozenset[str]]
    strangers: Mapping[str, tuple[str, ...]]

    @property
    def gaps(self) -> tuple[tuple[str, str], ...]:
        """Pairs (a, b) of Tomcats that both answer, where a does not see b."""
        names = list(self.sees)
        return tuple((a, b) for a in names for b in names if a != b and b not in self.sees[a])

    @property
    def alone(self) -> tuple[str, ...]:
        """Those that see none of the others that answer."""
        return tuple(
            name for name in self.sees if len(self.sees) > 1 and not self.sees[name] & set(self.sees)
        )


def membership(view: View) -> Membership:
    """What the Tomcats that answer say of their session cluster."""
    known = {
        tomcat.name: tomcat
        for tomcat in view.tomcats.values()
        if tomcat.cluster is not None and tomcat.cluster.configured
    }
    names = {tomcat.identity: tomcat.name for tomcat in view.tomcats.values() if tomcat.identity}
    sees = {name: frozenset(_seen(tomcat, names)) for name, tomcat in known.items()}
    strangers: dict[str, list[str]] = {}
    for name, tomcat in known.items():
        for member in tomcat.cluster.others if tomcat.cluster else ():
            if member.name not in names:
                strangers.setdefault(member.name, []).append(name)
    # A Tomcat that never answered may be any of them.
    nameless = [tomcat for tomcat in view.tomcats.values() if not tomcat.identity]
    return Membership(sees, {} if nameless else {name: tuple(by) for name, by in strangers.items()})


def _seen(tomcat: TomcatView, names: Mapping[str, str]) -> Iterator[str]:
    for member in tomcat.cluster.others if tomcat.cluster else ():
        if member.well and member.name in names:
            yield names[member.name]


def cluster_findings(view: View) -> Iterator[Finding]:
    found = membership(view)
    alone = set(found.alone)
    for name in found.alone:
        others = [other for other in found.sees if other != name]
        sentence = f"{name} sees none of the {len(others)} other Tomcats that answer"
        if len(others) == 1:
            sentence = f"{name} does not see {others[0]} in the session cluster"
        miss = [other for other in others if name not in found.sees[other]]
        back = f"{' and '.join(miss)} do{'es' * (len(miss) == 1)} not see {name} either" if miss else ""
        evidence = f"JMX Cluster of {name}: {_listed(view.tomcats[name])}"
        yield d.MEMBERS_MISSING.found(name, sentence, evidence, *([back] if back else []))
    gaps = [(a, b) for a, b in found.gaps if a not in alone and b not in alone]
    if gaps:
        said = ", ".join(f"{a} does not see {b}" for a, b in gaps)
        views = (f"JMX Cluster of {name}: {_listed(view.tomcats[name])}" for name in found.sees)
        yield d.MEMBERSHIP_DISAGREE.found(TIER, f"the session cluster is not whole: {said}", *views)
    for stranger, by in found.strangers.items():
        sentence = (
            f"{' and '.join(by)} copies sessions to {one_line(stranger)}, which the profile does not name"
        )
        yield d.MEMBER_UNEXPECTED.found(one_line(stranger), sentence, f"JMX Cluster of {', '.join(by)}")


def _listed(tomcat: TomcatView) -> str:
    if tomcat.cluster is None:
        return tomcat.state.value if tomcat.state is not State.ANSWERS else "unknown"
    names = [
        one_line(member.name) + ("" if member.well else " (suspected)") for member in tomcat.cluster.members
    ]
    return ", ".join(names) or "no members"
