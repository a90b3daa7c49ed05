"""What every simulated machine can do: the shell's own commands and the small programs of a base system."""

from __future__ import annotations

import re
from collections.abc import Sequence

from saitotui.simulator.shell import Exit, Hangs, Leave, Shell, Streams
from saitotui.simulator.shell_octets import OCTETS, Builtin, inputs
from saitotui.simulator.shell_sed import regular, sed


def _echo(shell: Shell, words: list[str], streams: Streams) -> int:
    end = "\n"
    if words[1:2] == ["-n"]:
        words, end = words[1:], ""
    streams.out.append(" ".join(words[1:]) + end)
    return 0


def _printf(shell: Shell, words: list[str], streams: Streams) -> int:
    """printf(1): the format is used again while arguments are left."""
    if len(words) < 2:
        streams.err.append("sh: 1: printf: usage: printf format [arg ...]\n")
        return 2
    form = words[1].encode().decode("unicode_escape").encode("latin-1").decode("utf-8", "replace")
    rest = words[2:]
    while True:
        text, used = _formatted(form, rest)
        streams.out.append(text)
        rest = rest[used:]
        if not rest or not used:
            return 0


def _formatted(form: str, arguments: Sequence[str]) -> tuple[str, int]:
    used = 0

    def value(match: re.Match[str]) -> str:
        nonlocal used
        if match[0] == "%%":
            return "%"
        argument = arguments[used] if used < len(arguments) else ""
        used += 1
        if match[0][-1] == "d":
            return match[0] % int(argument or "0")
        return (match[0][:-1] + "s") % argument

    return re.sub(r"%%|%-?\d*[sdb]", value, form), used


def _cat(shell: Shell, words: list[str], streams: Streams) -> int:
    status = 0
    for name in [word for word in words[1:] if word != "--"] or ["-"]:
        content = streams.stdin if name == "-" else shell.machine.read(shell.path(name))
        if content is None and name != "/dev/null":
            streams.err.append(f"cat: {name}: No such file or directory\n")
            status = 1
        streams.out.append(content or "")
    return status


def _mv(shell: Shell, words: list[str], streams: Streams) -> int:
    """One file takes the place of another."""
    names = [word for word in words[1:] if word not in ("-f", "--")]
    source, target = (shell.path(name) for name in names[:2])
    content = shell.machine.read(source)
    if content is None:
        streams.err.append(f"mv: cannot stat '{names[0]}': No such file or directory\n")
        return 1
    shell.machine.files.pop(source)
    shell.machine.files[target] = content
    return 0


def _grep(shell: Shell, words: list[str], streams: Streams) -> int:
    flags, rest, pattern = set(), [], None
    arguments = iter(words[1:])
    for word in arguments:
        if word == "-e":
            pattern = next(arguments, "")
        elif word.startswith("-") and len(word) > 1:
            flags |= set(word[1:])
        elif pattern is None:
            pattern = word
        else:
            rest.append(word)
    text = re.escape(pattern or "") if "F" in flags else regular(pattern or "", "E" in flags)
    wanted = re.compile(f"^(?:{text})$" if "x" in flags else text, re.IGNORECASE if "i" in flags else 0)
    read, status = inputs(shell, "grep", rest, streams)
    hits = 0
    for name, content in read:
        lines = [line for line in content.splitlines() if bool(wanted.search(line)) != ("v" in flags)]
        hits += len(lines)
        if "c" in flags:
            streams.out.append(f"{len(lines)}\n")
        elif not flags & set("ql"):
            prefix = f"{name}:" if len(rest) > 1 and "h" not in flags else ""
            found = [m[0] for line in lines for m in wanted.finditer(line)] if "o" in flags else lines
            streams.out.extend(f"{prefix}{line}\n" for line in found)
        elif "l" in flags and lines:
            streams.out.append(f"{name}\n")
    return status or int(not hits)


def _sort(shell: Shell, words: list[str], streams: Streams) -> int:
    found, status = inputs(shell, "sort", [w for w in words[1:] if not w.startswith("-")], streams)
    lines = [line for _, content in found for line in content.splitlines()]
    lines = sorted(set(lines) if "-u" in words else lines, reverse="-r" in words)
    streams.out.extend(f"{line}\n" for line in lines)
    return int(bool(status))


def _cut(shell: Shell, words: list[str], streams: Streams) -> int:
    delimiter, fields = "\t", [1]
    for number, word in enumerate(words):
        if word.startswith("-d"):
            delimiter = word[2:] or words[number + 1]
        if word.startswith("-f"):
            fields = [int(part) for part in (word[2:] or words[number + 1]).split(",")]
    for line in streams.stdin.splitlines():
        parts = line.split(delimiter)
        streams.out.append(delimiter.join(parts[f - 1] for f in fields if f <= len(parts)) + "\n")
    return 0


def _tr(shell: Shell, words: list[str], streams: Streams) -> int:
    sets = [word.encode().decode("unicode_escape") for word in words[1:] if not word.startswith("-")]
    if "-d" in words:
        streams.out.append("".join(c for c in streams.stdin if c not in sets[0]))
    else:
        table = str.maketrans(sets[0], sets[1].ljust(len(sets[0]), sets[1][-1:]))
        streams.out.append(streams.stdin.translate(table))
    return 0


def _test(shell: Shell, words: list[str], streams: Streams) -> int:
    if words[0] == "[":
        if words[-1] != "]":
            streams.err.append("sh: 1: [: missing ]\n")
            return 2
        words = words[:-1]
    return int(not _holds(shell, words[1:]))


def _holds(shell: Shell, words: list[str]) -> bool:
    if words[:1] == ["!"]:
        return not _holds(shell, words[1:])
    for joint, both in (("-o", any), ("-a", all)):
        if joint in words:
            at = words.index(joint)
            return both([_holds(shell, words[:at]), _holds(shell, words[at + 1 :])])
    if len(words) == 3:
        return _compared(*words)
    if len(words) == 2:
        path = shell.path(words[1])
        file = shell.machine.read(path)
        folder = any(name.startswith(f"{path}/") for name in shell.machine.files)
        return {
            "-n": words[1] != "", "-z": words[1] == "", "-f": file is not None, "-r": file is not None,
            "-e": file is not None or folder, "-s": bool(file), "-d": folder, "-x": file is not None,
            "-b": path.startswith("/dev/"),
        }.get(words[0], False)  # fmt: skip
    return bool(words) and words[0] != ""


def _compared(left: str, operator: str, right: str) -> bool:
    if operator in ("=", "=="):
        return left == right
    if operator == "!=":
        return left != right
    try:
        a, b = int(left), int(right)
    except ValueError:
        return False
    return {"-eq": a == b, "-ne": a != b, "-lt": a < b, "-le": a <= b, "-gt": a > b, "-ge": a >= b}.get(
        operator, False
    )


def _read(shell: Shell, words: list[str], streams: Streams) -> int:
    names = [word for word in words[1:] if not word.startswith("-")] or ["REPLY"]
    line, newline, rest = streams.stdin.partition("\n")
    streams.stdin = rest
    parts = line.split(None, len(names) - 1)
    for number, name in enumerate(names):
        shell.variables[name] = parts[number].strip() if number < len(parts) else ""
    return 0 if line or newline else 1


def _exit(shell: Shell, words: list[str], streams: Streams) -> int:
    raise Exit(int(words[1]) if len(words) > 1 and words[1].isdigit() else shell.status)


def _leave(shell: Shell, words: list[str], streams: Streams) -> int:
    """break and continue; outside of a loop they do nothing."""
    wanted = int(words[1]) if len(words) > 1 and words[1].isdigit() else 1
    if shell.loops:
        raise Leave(min(wanted, shell.loops), words[0] == "continue")
    return 0


def _cd(shell: Shell, words: list[str], streams: Streams) -> int:
    shell.folder = shell.path(words[1] if len(words) > 1 else shell.variables["HOME"])
    return 0


def _eval(shell: Shell, words: list[str], streams: Streams) -> int:
    from saitotui.simulator.shell_parser import ShellSyntax, parse

    try:
        shell.execute(parse(" ".join(words[1:])), streams)
    except ShellSyntax as error:
        streams.err.append(f"sh: 1: eval: {error}\n")
        raise Exit(2) from None
    return shell.status


def _command(shell: Shell, words: list[str], streams: Streams) -> int:
    if words[1:2] == ["-v"]:
        known = words[2] in BUILTINS or words[2] in shell.machine.programs
        streams.out.append(f"/usr/bin/{words[2]}\n" if known else "")
        return 0 if known else 127
    return _within(shell, words[1:], streams)


def _within(shell: Shell, words: list[str], streams: Streams) -> int:
    shell.call(words, streams)
    return shell.status


def _timeout(shell: Shell, words: list[str], streams: Streams) -> int:
    """timeout(1): a command that hangs ends with 124."""
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-s", "-k") else rest[1:]
    try:
        return _within(shell, rest[1:], streams)
    except Hangs:
        if shell.follows:
            raise
        return 124


def _sleep(shell: Shell, words: list[str], streams: Streams) -> int:
    if len(words) > 1 and float(words[1].rstrip("s") or 0) > 60:
        raise Hangs
    return 0


def _mkdir(shell: Shell, words: list[str], streams: Streams) -> int:
    """A folder is a file of its own name with `/.` behind it."""
    if shell.machine.disk_full:
        streams.err.append(f"mkdir: cannot create directory '{words[-1]}': No space left on device\n")
        return 1
    for name in (word for word in words[1:] if not word.startswith("-")):
        mark = shell.path(name) + "/."
        if mark in shell.machine.files and "-p" not in words:
            streams.err.append(f"mkdir: cannot create directory '{name}': File exists\n")
            return 1
        shell.machine.files[mark] = ""
    return 0


def _rm(shell: Shell, words: list[str], streams: Streams) -> int:
    forced = any(word.startswith("-") and "f" in word for word in words[1:])
    status = 0
    for name in (word for word in words[1:] if not word.startswith("-")):
        path = shell.path(name)
        gone = [file for file in shell.machine.files if file == path or file.startswith(f"{path}/")]
        if not gone and not forced:
            streams.err.append(f"rm: cannot remove '{name}': No such file or directory\n")
            status = 1
        for file in gone:
            del shell.machine.files[file]
    return status


def _rmdir(shell: Shell, words: list[str], streams: Streams) -> int:
    path = shell.path(words[1])
    inside = [file for file in shell.machine.files if file.startswith(f"{path}/") and file != f"{path}/."]
    if inside or f"{path}/." not in shell.machine.files:
        why = "Directory not empty" if inside else "No such file or directory"
        streams.err.append(f"rmdir: failed to remove '{words[1]}': {why}\n")
        return 1
    del shell.machine.files[f"{path}/."]
    return 0


def _cp(shell: Shell, words: list[str], streams: Streams) -> int:
    """cp [-p] [--] FILE FILE"""
    source, target = [word for word in words[1:] if not word.startswith("-")][:2]
    content = shell.machine.read(shell.path(source))
    if content is None:
        streams.err.append(f"cp: cannot stat '{source}': No such file or directory\n")
        return 1
    shell.machine.files[shell.path(target)] = content
    return 0


def _nothing(shell: Shell, words: list[str], streams: Streams) -> int:
    return 0


def _false(shell: Shell, words: list[str], streams: Streams) -> int:
    return 1


def _flock(shell: Shell, words: list[str], streams: Streams) -> int:
    """flock(1); nobody who holds a lock lets it go while one waits."""
    rest = words[1:]
    while rest and rest[0].startswith("-"):
        rest = rest[2:] if rest[0] in ("-w", "-E") else rest[1:]
    if rest and shell.path(rest[0]) in shell.machine.locks:
        return 1
    return _within(shell, rest[1:], streams)


def _sudo(shell: Shell, words: list[str], streams: Streams) -> int:
    return _within(shell, [word for word in words[1:] if word != "-n"], streams)


def _sh(shell: Shell, words: list[str], streams: Streams) -> int:
    """sh(1): `-c TEXT`; a script that it is fed is somebody else's to know."""
    if words[1:2] == ["-c"]:
        try:
            return _eval(Shell(shell.machine), ["eval", words[2]], streams)
        except Exit as end:
            return end.status
    shell.external(words, streams)
    return shell.status


def _exec(shell: Shell, words: list[str], streams: Streams) -> int:
    return _within(shell, words[1:], streams) if len(words) > 1 else 0


BUILTINS: dict[str, Builtin] = {
    ":": _nothing, "true": _nothing, "set": _nothing, "export": _nothing, "umask": _nothing, "sync": _nothing,
    "false": _false, "echo": _echo, "printf": _printf, "cat": _cat, "mv": _mv, "grep": _grep,
    "sort": _sort, "cut": _cut, "tr": _tr, "test": _test, "[": _test, "read": _read, "exit": _exit,
    "break": _leave, "continue": _leave,
    "cd": _cd, "cp": _cp, "sed": sed, "eval": _eval, "command": _command, "timeout": _timeout,
    "sleep": _sleep, "mkdir": _mkdir, "rm": _rm, "rmdir": _rmdir, "sudo": _sudo,
    "flock": _flock, "exec": _exec, "sh": _sh, **OCTETS,
}  # fmt: skip
