"""Checks on the archive that is deployed: asked of the file that this console keeps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import PurePath

from saitotui.clients.files import HERE, kept_file
from saitotui.facts import war
from saitotui.facts.war import War
from saitotui.model.command import Client, Command, Danger, File
from saitotui.model.plan import Act, Check, Grade, Parameter, Precondition, Step, Verdict
from saitotui.runbooks.application import checks
from saitotui.runbooks.application.fleet import Fleet
from saitotui.runbooks.judging import reading

GIVEN = (
    Parameter("war", "the file on this machine, or HOST:/PATH", required=True, file=True),
    Parameter("version", "its version; without it what follows ## in the file's name"),
)
"""What a runbook that deploys is told."""
DEADLINE = 60.0
"""Seconds: every member of the archive is unpacked."""


def given(parameters: Mapping[str, str]) -> tuple[File, str]:
    """The archive that a runbook is given, and its version: without one what follows ## in the file's name.
    ValueError with a sentence."""
    file = kept_file(parameters["war"])
    if not file.path.endswith(".war"):
        raise ValueError(f"{PurePath(file.path).name} is no .war")
    return file, parameters.get("version") or PurePath(file.path).stem.partition("##")[2]


def fit(file: File, new: str, *, there: bool) -> Iterator[Precondition]:
    """`new` names the version (`/app##001`); `there`: some Tomcat has it already."""
    yield Precondition(sound(file), "no Tomcat could start it")
    yield Precondition(
        _is_known(file, new, there=there), "Tomcats with unlike versions of one name", unknown=Grade.AMBER
    )
    yield Precondition(
        _distributable(file), "its sessions would not be copied, and be lost with their Tomcat",
        Grade.AMBER, Grade.AMBER,
    )  # fmt: skip


def preflight(file: File, old: str, new: str, *, there: bool) -> Iterator[Precondition]:
    """Those of `fit`, and whether it can take the place of `old`."""
    yield from fit(file, new, there=there)
    yield Precondition(
        _kept(file, old),
        f"once {old} is undeployed, this console cannot put it back",
        Grade.AMBER,
        Grade.AMBER,
    )
    yield Precondition(
        _same_classes(file, old),
        "what one version stored, the other could not read",
        Grade.AMBER,
        Grade.AMBER,
    )


def room(fleet: Fleet, name: str, file: File, beside: str) -> Iterator[Precondition]:
    """Whether a Tomcat has room for a version; `beside` says why that matters."""
    disk = checks.disk_has_room(fleet, name, file.size)
    yield Precondition(disk, "it would be cut off", unknown=Grade.AMBER)
    yield Precondition(checks.heap_has_room(name), beside, Grade.AMBER, Grade.AMBER)
    yield Precondition(checks.metaspace_has_room(name), beside, Grade.AMBER, Grade.AMBER)


def note(file: File, name: str) -> Step:
    """From now on it is known here which file a version is."""
    return Step(
        f"keep {file.path.rpartition('/')[2]} as {name}",
        (Act(Command(Client.FILE, HERE, f"note {name}", danger=Danger.REVERSIBLE, file=file)),),
        goal=_is_kept_as(file, name),
        expected=0.1,
    )


def _described(
    file: File, sentence: str, judge: Callable[[War], Verdict], other: str = "", deadline: float = DEADLINE
) -> Check:
    command = Command(Client.FILE, HERE, f"describe {other}".strip(), file=file)
    return Check(sentence, command, reading(lambda answer: judge(war.war(answer))), deadline=deadline)


def sound(file: File) -> Check:
    """Whether every member of the archive unpacks."""

    def judge(found: War) -> Verdict:
        said = f"{file.size / (1 << 20):.1f} MiB, SHA-256 {file.sha256[:12]}"
        build = f", {found.build}" if found.build else ""
        return Verdict(not found.broken, found.broken or f"{said}{build}; every member unpacks")

    return _described(file, "the archive is whole", judge)


def _distributable(file: File) -> Check:
    def judge(found: War) -> Verdict:
        said = {True: "it says so", False: "it does not", None: "its web.xml cannot be read"}
        return Verdict(found.distributable, said[found.distributable])

    return _described(file, "the application is <distributable/>", judge)


def _same_classes(file: File, old: str) -> Check:
    def judge(found: War) -> Verdict:
        if found.before is None:
            return Verdict(True, f"nothing to compare with: the file of {old} is not kept here")
        unlike = war.differences(found.before, found)
        if unlike:
            return Verdict(False, f"{len(unlike)} changed: {', '.join(unlike[:3])}")
        return Verdict(True, f"{len(found.serializable)} such classes, none differs")

    sentence = f"its serialisable classes are those of {old} (serialVersionUID)"
    return _described(file, sentence, judge, old)


def _known(file: File, name: str, sentence: str, judge: Callable[[str], Verdict]) -> Check:
    command = Command(Client.FILE, HERE, f"known {name}", file=file)
    return Check(sentence, command, reading(lambda answer: judge(answer.text)))


def _kept(file: File, name: str) -> Check:
    def judge(sha256: str) -> Verdict:
        return Verdict(bool(sha256), f"SHA-256 {sha256[:12]}" if sha256 else "it was not deployed from here")

    return _known(file, name, f"the file of {name} is kept here", judge)


def _is_known(file: File, name: str, *, there: bool) -> Check:
    """Whether a version that some Tomcats may have already is this very file."""

    def judge(sha256: str) -> Verdict:
        if not sha256:
            return Verdict(None if there else True, "nothing was deployed as that from here")
        return Verdict(sha256 == file.sha256, f"it was SHA-256 {sha256[:12]}")

    return _known(file, name, f"{name} is no other file", judge)


def _is_kept_as(file: File, name: str) -> Check:
    def judge(sha256: str) -> Verdict:
        return Verdict(sha256 == file.sha256, f"SHA-256 {sha256[:12]}" if sha256 else "not known")

    return _known(file, name, f"{name} is known to be this file", judge)
