"""Commands that look: they open views, filter them, and change nothing."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.engine.registry import logs
from saitotui.tiers.cluster.forecast import Event
from saitotui.tiers.redundancy.whatif import subjects
from saitotui.ui.order import Desk, Order
from saitotui.ui.views import OVERVIEW, Kind, View, screen_of


class Open(Order):
    keys = ("enter", "d")
    shown = "Enter"
    footer = "open"
    summary = "open what the cursor stands on: a node, a finding, a tier, an answer"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.key:
            desk.open_key(desk.key)
        else:
            desk.say("nothing to open on this screen")


class Back(Order):
    name = "back"
    keys = ("escape", "-", "backspace")
    shown = "Esc -"
    summary = "back to where you came from; first takes filters away"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.back()


class Overview(Order):
    name = "overview"
    aliases = ("home",)
    keys = ("0",)
    footer = "overview"
    summary = "users, tiers, what changed, what helps"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.open(OVERVIEW)


class Map(Order):
    name = "map"
    aliases = ("topology",)
    keys = ("m",)
    footer = "map"
    summary = "the topology: roles, links, direction of the traffic"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.open(View(Kind.MAP))


def _whose_logs(desk: Desk) -> str:
    """The tier or node that is open, when its logs can be followed; ''."""
    picture, view = desk.picture, desk.view
    if picture is None or desk.acting is None:
        return ""
    if view.kind is Kind.SCREEN:
        subject = screen_of(view.subject, picture, desk.screens).tier
    elif view.kind in (Kind.DETAIL, Kind.TAIL):
        subject = view.subject
    else:
        return ""
    return subject if subject and logs(picture.profile, subject) else ""


class Tail(Order):
    name = "tail"
    aliases = ("logs",)
    shown = "l"
    takes = "NODE"
    footer = "logs"
    summary = "what nginx and the Tomcats write, as it comes, in one order: of the tier or node that is open"

    def available(self, desk: Desk) -> bool:
        return desk.acting is not None and desk.picture is not None and bool(logs(desk.picture.profile))

    def wants(self, desk: Desk, key: str) -> bool:
        return key == self.shown and bool(_whose_logs(desk))

    def hinted(self, desk: Desk) -> bool:
        return bool(_whose_logs(desk)) and desk.view.kind is not Kind.TAIL

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        found = logs(desk.picture.profile) if desk.picture else ()
        return list(dict.fromkeys(log.node for log in found))

    def run(self, desk: Desk, argument: str = "") -> None:
        subject = argument or _whose_logs(desk)
        if desk.picture is not None and logs(desk.picture.profile, subject):
            desk.open(View(Kind.TAIL, subject))
        else:
            desk.say(f"no logs of {subject[:30]!r} are known: Tab completes", wrong=True)


class Log(Order):
    name = "log"
    aliases = ("events",)
    keys = ("l",)
    footer = "log"
    summary = "what changed (people, robots, the platform) and what acts by itself"

    def hinted(self, desk: Desk) -> bool:
        return not _whose_logs(desk)

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.open(View(Kind.LOG))


class Runbooks(Order):
    name = "runbooks"
    aliases = ("advice",)
    keys = ("r",)
    footer = "runbooks"
    summary = "what helps: for every finding its advice and its runbooks"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.open(View(Kind.RUNBOOKS))


class Raw(Order):
    name = "raw"
    keys = ("y",)
    footer = "raw"
    summary = "whole raw answers of what the cursor stands on, or of what is open"

    def run(self, desk: Desk, argument: str = "") -> None:
        subject = argument or desk.key or desk.view.subject
        if desk.view.kind is Kind.DETAIL and not desk.key.startswith("reading "):
            subject = argument or desk.view.subject
        if subject:
            desk.open(View(Kind.RAW, subject))
        else:
            desk.say("nothing here that an answer is about")


class Goto(Order):
    name = "goto"
    aliases = ("describe", "node", "go")
    takes = "NODE"
    summary = "everything about a node or a finding: facts, readings with their age, raw answers"

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        if desk.picture is None:
            return ()
        nodes = [node.id for node in desk.picture.nodes]
        return [*dict.fromkeys([*nodes, *(finding.code for finding in desk.picture.findings)])]

    def run(self, desk: Desk, argument: str = "") -> None:
        if argument:
            desk.open_key(argument)
        else:
            desk.say(":goto NODE: name a node or the code of a finding", wrong=True)


class WhatIf(Order):
    name = "what-if"
    aliases = ("whatif",)
    keys = ("i",)
    takes = "NODE [EVENT]"
    summary = (
        "what happens if a node is lost (or `partition`, `maintenance`), or a link breaks; nothing is done"
    )

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        if desk.picture is None:
            return ()
        name, space, _ = argument.partition(" ")
        return [f"{name} {event}" for event in Event] if space else subjects(desk.picture.tiers)

    def run(self, desk: Desk, argument: str = "") -> None:
        subject = argument.strip() or self._subject(desk)
        if subject:
            desk.open(View(Kind.WHAT_IF, subject))
        else:
            desk.say(":what-if NODE: put the cursor on a node, or name one; Tab completes", wrong=True)

    def _subject(self, desk: Desk) -> str:
        """What the cursor stands on, or what is open, when it can be lost."""
        known = set(subjects(desk.picture.tiers)) if desk.picture is not None else set()
        return next((one for one in (desk.key, desk.view.subject) if one in known), "")


class Filter(Order):
    name = "filter"
    keys = ("/",)
    footer = "filter"
    summary = "only lines that contain what you type"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.prompt("/")


class Next(Order):
    keys = ("n",)
    summary = "next line that matches the filter"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.find(1)


class Previous(Order):
    keys = ("N",)
    summary = "the one before"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.find(-1)


class Wrong(Order):
    name = "wrong"
    aliases = ("faults-only",)
    keys = ("!",)
    footer = "wrong"
    summary = "only what is wrong; again: everything"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.toggle_wrong()


class CommandLine(Order):
    keys = (":",)
    footer = "command"
    summary = "command line; Tab completes"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.prompt(":")


class Palette(Order):
    keys = ("ctrl+p",)
    shown = "Ctrl+P"
    summary = "find a command, a screen or a node by some of its letters"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.prompt("?")


class Help(Order):
    name = "help"
    keys = ("?", "f1")
    shown = "? F1"
    footer = "help"
    summary = "about what the cursor stands on, and all keys"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.open(View(Kind.HELP, desk.key))


class Pause(Order):
    name = "pause"
    keys = ("p",)
    summary = "stand still, or go on; the looking itself goes on"

    def run(self, desk: Desk, argument: str = "") -> None:
        picture = desk.picture
        paused = not (picture is not None and picture.paused)
        desk.source.pause(paused)
        desk.say("paused: what you see stands still; p goes on" if paused else "going on")


class Refresh(Order):
    name = "refresh"
    keys = ("ctrl+l",)
    shown = "Ctrl+L"
    summary = "ask everything now, and draw the screen anew"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.source.refresh()
        desk.repaint()
        desk.say("asking everything now")


class Shell(Order):
    name = "shell"
    aliases = ("ssh",)
    keys = ("s",)
    takes = "HOST"
    summary = "a shell on the host that the cursor stands on; the console waits"

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        return [*desk.picture.profile.hosts] if desk.picture else ()

    def run(self, desk: Desk, argument: str = "") -> None:
        host = argument or _host(desk)
        if host:
            desk.shell(host)
        else:
            desk.say("no host here: put the cursor on a node, or :shell HOST", wrong=True)


def _host(desk: Desk) -> str:
    """The host of what the cursor stands on, or of what is open."""
    picture = desk.picture
    if picture is None:
        return ""
    for key in (desk.key, desk.view.subject):
        subject = key.partition(" ")[2] or key
        node = picture.node(subject)
        name = node.host if node and node.host else subject.removeprefix("host/")
        if name in picture.profile.hosts:
            return name
    return ""


class Fault(Order):
    name = "fault"
    aliases = ("inject",)
    takes = "NAME TARGET"
    summary = "demo: make trouble on the simulated platform"

    def available(self, desk: Desk) -> bool:
        return desk.faults is not None

    def choices(self, desk: Desk, argument: str) -> Sequence[str]:
        if desk.faults is None:
            return ()
        name, space, _ = argument.partition(" ")
        if not space:
            return [kind.name for kind in desk.faults.kinds()]
        targets = [kind.targets for kind in desk.faults.kinds() if kind.name == name]
        return [f"{name} {target}" for target in (targets[0] if targets else ())]

    def run(self, desk: Desk, argument: str = "") -> None:
        name, _, target = argument.strip().partition(" ")
        if name:
            desk.inject(name, target.strip())
        else:
            desk.say(":fault NAME TARGET: Tab shows which there are", wrong=True)


class Heal(Order):
    name = "heal"
    takes = "[TARGET]"
    summary = "demo: undo every fault (of the target)"

    def available(self, desk: Desk) -> bool:
        return desk.faults is not None

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.heal(argument.strip())


class Quit(Order):
    name = "quit"
    aliases = ("q", "exit")
    keys = ("q",)
    footer = "quit"
    summary = "leave; nothing on the platform changes"

    def run(self, desk: Desk, argument: str = "") -> None:
        if desk.view.kind in (Kind.HELP, Kind.RAW):
            desk.back()
        else:
            desk.leave()


class Interrupt(Order):
    keys = ("ctrl+c",)
    shown = "Ctrl+C"
    summary = "back; it never ends the console"

    def run(self, desk: Desk, argument: str = "") -> None:
        if not desk.back():
            desk.say("q leaves the console")


class Suspend(Order):
    keys = ("ctrl+z",)
    shown = "Ctrl+Z"
    summary = "back to your shell; fg returns"

    def run(self, desk: Desk, argument: str = "") -> None:
        desk.suspend_process()
