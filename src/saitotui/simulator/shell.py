"""Runs shell text on a simulated machine. Nothing of it reaches the machine that the simulator runs on."""

from __future__ import annotations

import ast
import fnmatch
import operator
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from saitotui.simulator.shell_parser import (
    Case,
    Chain,
    For,
    Group,
    If,
    Node,
    Pipeline,
    Redirect,
    ShellSyntax,
    Simple,
    While,
    Word,
    parse,
    quote_end,
    substitution_end,
)
from saitotui.simulator.world import Machine, Printed

MOST_TURNS = 10_000
"""Turns of a loop after which it counts as one that never ends."""
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]\w*|[?#@*0-9])(?:(:?[-=+])([^}]*))?\}|([A-Za-z_]\w*|[?#@*$0-9]))")
_SUBSTITUTED = re.compile(r"\$\((?!\()")
_WORD = re.compile(r"\$?([A-Za-z_]\w*)")
_OPERATORS: Mapping[type[ast.operator], Callable[[int, int], int]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}


class Hangs(Exception):
    """A command that never ends."""


class Exit(Exception):
    """`exit`: the status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Leave(Exception):
    """`break` and `continue`: how many loops it is about, and whether the last of them goes on."""

    def __init__(self, loops: int, again: bool) -> None:
        super().__init__(loops)
        self.loops, self.again = loops, again


@dataclass
class Input:
    """Standard input: what one command has read, the next one does not find again."""

    text: str = ""


@dataclass
class Streams:
    """Where a command's input comes from and its output goes."""

    input: Input = field(default_factory=Input)
    out: list[str] = field(default_factory=list)
    err: list[str] = field(default_factory=list)

    @property
    def stdin(self) -> str:
        return self.input.text

    @stdin.setter
    def stdin(self, text: str) -> None:
        self.input.text = text


class Shell:
    """A shell on `machine`: variables and the last status live from command to command."""

    def __init__(self, machine: Machine, user: str = "root") -> None:
        self.machine = machine
        self.variables: dict[str, str] = {
            "HOME": "/root" if user == "root" else f"/home/{user}",
            "USER": user,
        }
        self.status = 0
        self.folder = self.variables["HOME"]
        self.loops = 0
        self.follows = ""
        """The file whose end is followed (`tail -F`)."""

    def run(self, text: str, stdin: str = "") -> Printed:
        """Everything that `text` prints, and its status."""
        streams = Streams(Input(stdin))
        try:
            self.execute(parse(text), streams)
        except ShellSyntax as error:
            streams.err.append(f"sh: 1: {error}\n")
            self.status = 2
        except Exit as end:
            self.status = end.status
        except Hangs:
            return Printed("".join(streams.out), "".join(streams.err), hangs=True)
        return Printed("".join(streams.out), "".join(streams.err), self.status)

    def run_merged(self, text: str, stdin: str = "") -> Printed:
        """The same with standard error where standard output goes, in order."""
        streams = Streams(Input(stdin))
        streams.err = streams.out
        try:
            self.execute(parse(text), streams)
        except ShellSyntax as error:
            streams.out.append(f"sh: 1: {error}\n")
            self.status = 2
        except Exit as end:
            self.status = end.status
        except Hangs:
            return Printed("".join(streams.out), hangs=True)
        return Printed("".join(streams.out), status=self.status)

    def execute(self, node: Node, streams: Streams) -> None:
        """Carries out one node; `self.status` is its status."""
        match node:
            case Chain(parts):
                for joint, part in parts:
                    if joint == ";" or (joint == "&&") == (self.status == 0):
                        self.execute(part, streams)
            case Pipeline():
                self._pipeline(node, streams)
            case Simple():
                self._simple(node, streams)
            case _:
                self._compound(node, self._redirected(node.redirects, streams))

    def _compound(self, node: Group | If | For | While | Case, streams: Streams | None) -> None:
        if streams is None:
            return
        match node:
            case Group(body, subshell):
                self._group(body, subshell, streams)
            case If(branches, otherwise):
                self._if(branches, otherwise, streams)
            case For(name, words, body):
                for value in [one for word in words for one in self.expand(word)]:
                    self.variables[name] = value
                    if self._last_turn(body, streams):
                        break
            case While():
                self._while(node, streams)
            case Case(word, branches):
                self._case(word, branches, streams)

    def _group(self, body: Node, subshell: bool, streams: Streams) -> None:
        if not subshell:
            self.execute(body, streams)
            return
        inner = Shell(self.machine)
        inner.variables, inner.status, inner.folder = dict(self.variables), self.status, self.folder
        try:
            inner.execute(body, streams)
        except Exit as end:
            inner.status = end.status
        self.status = inner.status

    def _if(self, branches: Sequence[tuple[Node, Node]], otherwise: Node | None, streams: Streams) -> None:
        for condition, body in branches:
            self.execute(condition, streams)
            if self.status == 0:
                self.execute(body, streams)
                return
        self.status = 0
        if otherwise is not None:
            self.execute(otherwise, streams)

    def _while(self, node: While, streams: Streams) -> None:
        for _ in range(MOST_TURNS):
            self.execute(node.condition, streams)
            if (self.status == 0) == node.until:
                self.status = 0
                return
            if self._last_turn(node.body, streams):
                return
        raise Hangs

    def _last_turn(self, body: Node, streams: Streams) -> bool:
        """One turn of a loop; whether it ends the loop."""
        self.loops += 1
        try:
            self.execute(body, streams)
        except Leave as leave:
            if leave.loops > 1:
                raise Leave(leave.loops - 1, leave.again) from None
            self.status = 0
            return not leave.again
        finally:
            self.loops -= 1
        return False

    def _case(self, word: Word, branches: Sequence[tuple[Sequence[Word], Node]], streams: Streams) -> None:
        value = self.expand_one(word)
        self.status = 0
        for patterns, body in branches:
            if any(fnmatch.fnmatchcase(value, self.expand_one(pattern)) for pattern in patterns):
                self.execute(body, streams)
                return

    def _pipeline(self, node: Pipeline, streams: Streams) -> None:
        text = ""
        for number, part in enumerate(node.parts):
            last = number == len(node.parts) - 1
            one = Streams(
                streams.input if number == 0 else Input(text), streams.out if last else [], streams.err
            )
            if last:
                self.execute(part, one)
            else:
                self._group(part, True, one)
                text = "".join(one.out)
        if node.negated:
            self.status = int(self.status == 0)

    def _simple(self, node: Simple, streams: Streams) -> None:
        values = [(name, self.expand_one(word)) for name, word in node.assignments]
        words = [one for word in node.words for one in self.expand(word)]
        redirected = self._redirected(node.redirects, streams)
        if redirected is None:
            return
        if not words:
            self.variables.update(values)
            if not any(_SUBSTITUTED.search(word.raw) for _, word in node.assignments):
                self.status = 0
            return
        saved = dict(self.variables)
        self.variables.update(values)
        self.call(words, redirected)
        if values:
            self.variables = saved

    def call(self, words: Sequence[str], streams: Streams) -> None:
        from saitotui.simulator.shell_builtins import BUILTINS

        name = posixpath.basename(words[0])
        builtin = BUILTINS.get(name)
        if builtin is not None:
            self.status = builtin(self, list(words), streams)
            return
        self.external(words, streams)

    def external(self, words: Sequence[str], streams: Streams) -> None:
        """A program of the machine, or a file that is run."""
        name = posixpath.basename(words[0])
        program = self.machine.programs.get(name)
        if program is None and words[0].startswith("/") and (text := self.machine.read(words[0])) is not None:
            self._script(text, words, streams)
            return
        if program is None:
            streams.err.append(f"sh: 1: {words[0]}: not found\n")
            self.status = 127
            return
        printed = program(self.machine, words, streams.stdin)
        streams.out.append(printed.out)
        streams.err.append(printed.err)
        if printed.hangs:
            raise Hangs
        self.status = printed.status

    def _script(self, text: str, words: Sequence[str], streams: Streams) -> None:
        """A file that is run: a shell of its own."""
        inner = Shell(self.machine)
        inner.variables |= {str(number): word for number, word in enumerate(words)}
        try:
            inner.execute(parse(text), streams)
        except Exit as end:
            inner.status = end.status
        self.status = inner.status

    def _redirected(self, redirects: Sequence[Redirect], streams: Streams) -> Streams | None:
        """The streams as redirected; None when a file cannot be opened (the status says so)."""
        made = Streams(streams.input, streams.out, streams.err)
        for redirect in redirects:
            target = self.expand_one(redirect.target)
            if redirect.operator == "<":
                content = self.machine.read(self.path(target))
                if content is None and target != "/dev/null":
                    made.err.append(f"sh: 1: cannot open {target}: No such file\n")
                    self.status = 2
                    return None
                made.input = Input(content or "")
            elif redirect.operator in (">&", "<&"):
                sink = made.out if target == "1" else made.err
                made.out, made.err = (sink, made.err) if redirect.fd == 1 else (made.out, sink)
            else:
                sink = self._sink(target, redirect.operator == ">>")
                made.out, made.err = (sink, made.err) if redirect.fd == 1 else (made.out, sink)
        return made

    def _sink(self, target: str, append: bool) -> list[str]:
        if target == "/dev/null":
            return []
        return FileSink(self.machine, self.path(target), append)

    def path(self, text: str) -> str:
        """An absolute path."""
        return posixpath.normpath(posixpath.join(self.folder, text))

    def expand_one(self, word: Word) -> str:
        """A word where no splitting happens: an assignment, a case, a redirection."""
        return "".join(text for text, _ in self._pieces(word.raw))

    def expand(self, word: Word) -> list[str]:
        """A word as the words it becomes: expanded, split where not quoted, file names found."""
        fields: list[str] = []
        current, started = "", False
        for text, quoted in self._pieces(word.raw):
            if quoted:
                current, started = current + text, True
                continue
            parts = re.split(r"[ \t\n]+", text)
            current += parts[0]
            started = started or bool(parts[0])
            for part in parts[1:]:
                if started:
                    fields.append(current)
                current, started = part, bool(part)
        if started:
            fields.append(current)
        if "'" in word.raw or '"' in word.raw or not any(c in word.raw for c in "*?["):
            return fields
        return [name for one in fields for name in self._files(one)]

    def _files(self, pattern: str) -> list[str]:
        wanted = self.path(pattern)
        found = sorted(name for name in self.machine.files if fnmatch.fnmatchcase(name, wanted))
        depth = wanted.count("/")
        return [name for name in found if name.count("/") == depth] or [pattern]

    def _pieces(self, raw: str) -> Iterator[tuple[str, bool]]:
        """Parts of a word with whether each is quoted (and so neither split nor left out when empty)."""
        position = 0
        if raw.startswith("~") and (len(raw) == 1 or raw[1] == "/"):
            yield self.variables["HOME"], True
            position = 1
        while position < len(raw):
            character = raw[position]
            if character == "\\":
                yield raw[position + 1 : position + 2], True
                position += 2
            elif character == "'":
                end = quote_end(raw, position)
                yield raw[position + 1 : end - 1], True
                position = end
            elif character == '"':
                end = quote_end(raw, position)
                yield self._in_quotes(raw[position + 1 : end - 1]), True
                position = end
            elif character == "$":
                text, position = self._dollar(raw, position)
                yield text, False
            else:
                end = position + 1
                while end < len(raw) and raw[end] not in "\\'\"$":
                    end += 1
                yield raw[position:end], True
                position = end

    def _in_quotes(self, text: str) -> str:
        parts: list[str] = []
        position = 0
        while position < len(text):
            if text[position] == "\\" and text[position + 1 : position + 2] in ("\\", '"', "$", "`", "\n"):
                parts.append(text[position + 1].replace("\n", ""))
                position += 2
            elif text[position] == "$":
                value, position = self._dollar(text, position)
                parts.append(value)
            else:
                parts.append(text[position])
                position += 1
        return "".join(parts)

    def _dollar(self, text: str, position: int) -> tuple[str, int]:
        """The value of what begins with `$` at `position`, and where it ends."""
        if text.startswith("$(", position):
            end = substitution_end(text, position)
            if text.startswith("$((", position):
                return str(arithmetic(text[position + 3 : end - 2], self.variables)), end
            streams = Streams()
            self._group(parse(text[position + 2 : end - 1]), True, streams)
            return "".join(streams.out).rstrip("\n"), end
        match = _VARIABLE.match(text, position)
        if match is None:
            return "$", position + 1
        braced, given, other, plain = match.groups()
        name = braced or plain
        value = str(self.status) if name == "?" else self.variables.get(name, "")
        if given in (":-", "-", ":=", "=") and not value:
            value = self._in_quotes(other)
        elif given in (":+", "+"):
            value = self._in_quotes(other) if value else ""
        return value, match.end()


def arithmetic(text: str, variables: Mapping[str, str]) -> int:
    """The value of `$((TEXT))`: whole numbers, variables, `+ - * / %`; what is no number is 0."""
    numbers = _WORD.sub(lambda match: variables.get(match[1], "") or "0", text)
    try:
        return _value(ast.parse(numbers.strip().replace("/", "//"), mode="eval").body)
    except (SyntaxError, ZeroDivisionError, ValueError):
        return 0


def _value(node: ast.expr) -> int:
    if isinstance(node, ast.Constant):
        return int(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_value(node.left), _value(node.right))
    raise ValueError(ast.dump(node))


class FileSink(list[str]):
    """Output that becomes a file's content."""

    def __init__(self, machine: Machine, path: str, append: bool) -> None:
        super().__init__()
        self._machine, self._path = machine, path
        if not append or machine.read(path) is None:
            machine.files[path] = ""

    def append(self, text: str) -> None:
        if not self._machine.disk_full:
            self._machine.files[self._path] = (self._machine.read(self._path) or "") + text

    def extend(self, texts: Iterable[str]) -> None:
        for text in texts:
            self.append(text)
