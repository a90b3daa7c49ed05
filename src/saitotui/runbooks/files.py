"""Files that runbooks put on hosts: the difference is shown first, the program's own checker must find the
new one good, what was there is kept beside it, and one rename puts it in place (rename(2) is atomic)."""

from __future__ import annotations

from saitotui.clients.quoting import shell
from saitotui.configs import ConfigFile, difference, shown
from saitotui.model.command import Answer, Client, Command, Danger, Failure
from saitotui.model.plan import Act, Check, Grade, Precondition, Step, Verdict
from saitotui.runbooks.hosts import done
from saitotui.runbooks.judging import reading

SHOWN = 8
"""Lines of a difference that are shown."""


def written(
    path: str, mode: str, check: str = "true", folder: str = "", group: str = "root", kept: str = ""
) -> str:
    """What writes standard input there; `folder` is made first, where there is one to make, and what the
    program `kept` prints of the file before stays, below."""
    made = f"mkdir -p {shell(folder)} || exit 1; " if folder else ""
    tried = check.replace("{}", '"$f.new"')
    new = f'{{ cat; [ ! -e "$f" ] || {kept} "$f"; }}' if kept else "cat"
    return (
        f"( {made}f={shell(path)}; umask 077; "
        'if [ -e "$f" ]; then cp -p "$f" "$f.before"; else rm -f "$f.before"; fi; '
        f'{new} >"$f.new" && {tried} && chown root:{shell(group)} "$f.new" && chmod {mode} "$f.new" '
        '&& mv -f "$f.new" "$f" || ( rm -f "$f.new"; exit 1 ) )'
    )


def replaced(file: ConfigFile) -> str:
    """What puts the file there, from standard input."""
    kept = f"sed -e {shell(file.own + 'd')} -e {shell(f'/{file.replaces}/d')}" if file.replaces else ""
    return written(file.path, file.mode, file.check, file.folder, file.group, kept)


def back(path: str) -> str:
    """What puts the one before in its place again, or takes it away where there was none."""
    return f'( f={shell(path)}; if [ -e "$f.before" ]; then mv -f "$f.before" "$f"; else rm -f "$f"; fi )'


def configured(host: str, file: ConfigFile) -> Step:
    """The host has the file as the profile wants it."""
    return Step(
        f"{host} has {file.path}",
        (Act(_on(host, replaced(file), file.text), taken),),
        goal=as_wanted(host, file),
        undo=(Act(_on(host, back(file.path))),),
        undone=other(host, file),
        deadline=20.0,
        expected=0.3,
    )


def taken(answer: Answer | Failure) -> str:
    """What its checker has against a file."""
    said = done(answer)
    return f"it is not taken: {said}" if said else ""


def _on(host: str, text: str, body: str = "") -> Command:
    return Command(Client.SSH, host, text, body, danger=Danger.REVERSIBLE)


def _look(host: str, file: ConfigFile) -> Command:
    return Command(Client.SSH, host, shown(file))


def as_wanted(host: str, file: ConfigFile) -> Check:
    def judge(answer: Answer) -> Verdict:
        if answer.status:
            return Verdict(False, "there is none")
        found = difference(answer.text, file)
        return Verdict(not found, "; ".join(found[:SHOWN]) or "as wanted")

    return Check(f"{file.path} on {host} is as the profile wants it", _look(host, file), reading(judge))


def other(host: str, file: ConfigFile) -> Check:
    def judge(answer: Answer) -> Verdict:
        mine = not answer.status and not difference(answer.text, file)
        return Verdict(not mine, "as the profile wants it" if mine else "another one, or none")

    return Check(f"{file.path} on {host} is as it was", _look(host, file), reading(judge))


def untouched(host: str, file: ConfigFile) -> Precondition:
    """The difference, to be accepted. A file that is not there yet is none."""

    def judge(answer: Answer) -> Verdict:
        _, _, there = answer.text.partition("\n")
        if answer.status or (file.replaces and not there.strip()):
            return Verdict(True, "not there yet")
        found = difference(answer.text, file)
        more = f" and {len(found) - SHOWN} lines more" if len(found) > SHOWN else ""
        return Verdict(not found, "; ".join(found[:SHOWN]) + more if found else "as wanted")

    sentence = f"{file.path} on {host} is not there yet, or as the profile wants it"
    check = Check(sentence, _look(host, file), reading(judge))
    return Precondition(check, "it is replaced; what is there is kept beside it (.before)", Grade.AMBER)
