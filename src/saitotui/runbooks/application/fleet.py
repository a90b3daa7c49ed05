"""The Tomcats of an application and the versions that they have, as runbooks see them."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass

from saitotui.clients.quoting import query
from saitotui.facts.tomcat import java_order, newest
from saitotui.model.command import Client, Command, Danger, File
from saitotui.model.profile import Application, Profile
from saitotui.model.snapshot import Snapshot
from saitotui.tiers.application.questions import ask
from saitotui.tiers.application.view import State, TomcatView, View, look

VERSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,59}")
"""Versions that need no quoting anywhere: not in file names, URLs or logs."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """All Tomcats of an application, each of which answers."""

    view: View
    application: Application

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.view.tomcats)

    @property
    def versions(self) -> tuple[str, ...]:
        """All versions on any of them, newest first."""
        return self.view.versions

    def having(self, version: str) -> tuple[str, ...]:
        """Who has a version, whether it runs or not."""
        return tuple(name for name, tomcat in self.view.tomcats.items() if tomcat.app(version))

    def named(self, version: str) -> str:
        """`/app##002`, as the manager names it."""
        return self.view.named(version)

    def all_named(self, versions: Sequence[str]) -> str:
        """`/app##001 and /app##002`."""
        return " and ".join(map(self.named, versions))

    def path(self, version: str) -> str:
        """The query that names a version of the application to the manager."""
        path = query(self.application.context or "/")
        return f"path={path}&version={query(version)}" if version else f"path={path}"

    def manager(
        self, name: str, word: str, version: str, danger: Danger = Danger.READ, more: str = ""
    ) -> Command:
        """What is said to a manager about a version."""
        text = f"GET /text/{word}?{self.path(version)}{more}"
        return Command(Client.HTTP, name, text, danger=danger)

    def upload(self, name: str, version: str, file: File) -> Command:
        """Sends a WAR. With `update` the manager writes it under a name that nobody deploys, and gives it its
        own when it is whole (Manager App How-To, "Deploy A New Application Archive (WAR) Remotely")."""
        text = f"PUT /text/deploy?{self.path(version)}&update=true"
        return Command(Client.HTTP, name, text, danger=Danger.REVERSIBLE, file=file)

    def serves(self, but: str = "") -> str | tuple[str, ...]:
        """The version that every Tomcat gives to new visitors, `but` left aside; or why there is none."""
        found = {name: _serves(tomcat, but) for name, tomcat in self.view.tomcats.items()}
        if len(set(found.values())) == 1 and None not in found.values():
            return next(version for version in found.values() if version is not None)
        said = ", ".join(f"{name} {self._word(version)}" for name, version in found.items())
        return (f"the Tomcats do not serve one and the same version: {said}",)

    def _word(self, version: str | None) -> str:
        return "nothing" if version is None else self.named(version)


def _serves(tomcat: TomcatView, but: str) -> str | None:
    return newest(version for version in tomcat.running if not but or version != but)


def fleet_of(profile: Profile, snapshot: Snapshot, node: str = "") -> Fleet | tuple[str, ...]:
    """The Tomcats as `snapshot` has them, `node` among them; or why nothing is to be done on them."""
    application = profile.application
    if application is None or not application.tomcats:
        return ("the profile has no Tomcat",)
    view = look(profile, application, ask(application, profile.poll), snapshot)
    down = tuple(
        f"{name} is {tomcat.state.value}: {tomcat.failure.sentence if tomcat.failure else 'nobody knows why'}"
        for name, tomcat in view.tomcats.items()
        if tomcat.state is not State.ANSWERS or tomcat.apps is None
    )
    if not down and node and node not in view.tomcats:
        return (f"the profile has no Tomcat {node!r}",)
    return down or Fleet(view, application)


def proposal(versions: Sequence[str], at: float) -> str:
    """A version above all of `versions` as Java orders strings, and of their form where there is one: the
    next number with as many digits, else the time (UTC), else what comes after the highest."""
    highest = newest(versions) or ""
    number = re.fullmatch(r"(.*?)(\d+)", highest)
    found = [f"{number[1]}{int(number[2]) + 1:0{len(number[2])}d}"] if number else []
    found += [time.strftime("%Y%m%d%H%M", time.gmtime(at)), f"{highest}-1"]
    return next(one for one in found if java_order(one) > java_order(highest))


def unfit(version: str, versions: Sequence[str], at: float) -> tuple[str, ...]:
    """Why `version` cannot come after `versions`; nothing when it can."""
    better = f"version={proposal(versions, at)} would be"
    if not version:
        return (f"no version is given, and the file's name holds none (app##002.war): {better} the next",)
    if not VERSION.fullmatch(version):
        return (f"{version!r} is no version: letters, digits, `.`, `_` and `-`",)
    above = [one for one in versions if java_order(one) > java_order(version)]
    if above:
        said = f"Tomcat orders versions as text: {version} comes before {above[0]}, and nobody would get it"
        return (f"{said}; {better} above all",)
    return ()
