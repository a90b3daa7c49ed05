"""The part of POSIX sh that people and consoles type, as a tree (POSIX.1-2017, Shell Command Language).

Lists, pipelines, `!`, simple commands with assignments and redirections, `( )`, `{ }`, if, for, while, case.
No functions, no background jobs, no here-documents, no backquotes, no arithmetic.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias


class ShellSyntax(ValueError):
    """Text that is not a command; the message is as dash words it."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, quotes and all; expanded when it is used."""

    raw: str


@dataclass(frozen=True, slots=True)
class Redirect:
    """`fd` `operator` `target`: `1 > file`, `2 >& 1`."""

    fd: int
    operator: str
    target: Word


@dataclass(frozen=True, slots=True)
class Simple:
    assignments: tuple[tuple[str, Word], ...]
    words: tuple[Word, ...]
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """`( )` or `{ }`."""

    body: Node
    subshell: bool
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    parts: tuple[Node, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Chain:
    """Commands joined by `;`, `&&`, `||`: pairs of the operator before, and the command."""

    parts: tuple[tuple[str, Node], ...]


@dataclass(frozen=True, slots=True)
class If:
    branches: tuple[tuple[Node, Node], ...]
    otherwise: Node | None
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class For:
    name: str
    words: tuple[Word, ...]
    body: Node
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class While:
    condition: Node
    body: Node
    until: bool
    redirects: tuple[Redirect, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    word: Word
    branches: tuple[tuple[tuple[Word, ...], Node], ...]
    redirects: tuple[Redirect, ...] = ()


Node: TypeAlias = "Simple | Group | Pipeline | Chain | If | For | While | Case"

EMPTY = Chain(())
_OPERATORS = ("&&", "||", ";;", ">>", ">&", "<&", "<<", ";", "&", "|", "(", ")", "<", ">", "\n")
_REDIRECTS = frozenset({">", ">>", "<", ">&", "<&"})
_CLOSING = frozenset({"then", "else", "elif", "fi", "do", "done", "esac", "}"})


@dataclass(frozen=True, slots=True)
class Token:
    """`kind` is `word`, `op`, `io` (a number right before a redirection) or `end`."""

    kind: str
    text: str


def tokens(text: str) -> list[Token]:
    """`text` cut into words and operators; ShellSyntax for an unterminated quote."""
    found: list[Token] = []
    position = 0
    while position < len(text):
        character = text[position]
        if character in " \t" or text.startswith("\\\n", position):
            position += 2 if character == "\\" else 1
        elif character == "#":
            end = text.find("\n", position)
            position = len(text) if end < 0 else end
        elif operator := next((o for o in _OPERATORS if text.startswith(o, position)), ""):
            found.append(Token("op", operator))
            position += len(operator)
        else:
            end = word_end(text, position)
            word = text[position:end]
            kind = "io" if word.isdigit() and text[end : end + 1] in ("<", ">") else "word"
            found.append(Token(kind, word))
            position = end
    return [*found, Token("end", "")]


def word_end(text: str, position: int) -> int:
    """Where the word that begins at `position` ends."""
    while position < len(text) and text[position] not in " \t\n;&|()<>":
        character = text[position]
        if character == "\\":
            position += 2
        elif character in "'\"":
            position = quote_end(text, position)
        elif text.startswith("$(", position):
            position = substitution_end(text, position)
        elif text.startswith("${", position):
            end = text.find("}", position)
            if end < 0:
                raise ShellSyntax("Syntax error: Missing '}'")
            position = end + 1
        else:
            position += 1
    return min(position, len(text))


def quote_end(text: str, position: int) -> int:
    """Behind the quoted text that begins at `position`."""
    quote = text[position]
    position += 1
    while position < len(text):
        if text[position] == quote:
            return position + 1
        if quote == '"' and text[position] == "\\":
            position += 1
        elif quote == '"' and text.startswith("$(", position):
            position = substitution_end(text, position) - 1
        position += 1
    raise ShellSyntax("Syntax error: Unterminated quoted string")


def substitution_end(text: str, position: int) -> int:
    """Behind the `$(...)` that begins at `position`."""
    depth, position = 1, position + 2
    while position < len(text):
        character = text[position]
        if character in "'\"":
            position = quote_end(text, position)
            continue
        if character == "\\":
            position += 1
        depth += {"(": 1, ")": -1}.get(character, 0)
        position += 1
        if depth == 0:
            return position
    raise ShellSyntax('Syntax error: end of file unexpected (expecting ")")')


@dataclass
class _Parser:
    tokens: Sequence[Token]
    at: int = 0
    redirects: list[Redirect] = field(default_factory=list)

    @property
    def token(self) -> Token:
        return self.tokens[self.at]

    def next(self) -> Token:
        token = self.token
        self.at += 1
        return token

    def is_op(self, *texts: str) -> bool:
        return self.token.kind == "op" and self.token.text in texts

    def is_word(self, *texts: str) -> bool:
        return self.token.kind == "word" and self.token.text in texts

    def skip_newlines(self) -> None:
        while self.is_op("\n"):
            self.next()

    def expect(self, text: str) -> None:
        if self.token.text != text:
            raise self.unexpected(f' (expecting "{text}")')
        self.next()

    def unexpected(self, more: str = "") -> ShellSyntax:
        token = self.token
        if token.kind == "end":
            return ShellSyntax(f"Syntax error: end of file unexpected{more}")
        shown = "newline" if token.text == "\n" else f'"{token.text}"' if token.kind == "op" else "word"
        return ShellSyntax(f"Syntax error: {shown} unexpected{more}")

    def chain(self) -> Node:
        """Commands up to what closes them."""
        parts: list[tuple[str, Node]] = []
        operator = ";"
        while True:
            self.skip_newlines()
            if self.token.kind == "end" or self.is_op(")", ";;") or self.is_word(*_CLOSING):
                break
            parts.append((operator, self.pipeline()))
            if self.is_op("&&", "||"):
                operator = self.next().text
                self.skip_newlines()
                if self.token.kind == "end":
                    raise self.unexpected()
            elif self.is_op(";", "\n"):
                operator = ";"
                self.next()
            else:
                break
        return parts[0][1] if len(parts) == 1 and parts[0][0] == ";" else Chain(tuple(parts))

    def pipeline(self) -> Node:
        negated = self.is_word("!")
        if negated:
            self.next()
        parts = [self.command()]
        while self.is_op("|"):
            self.next()
            self.skip_newlines()
            parts.append(self.command())
        return Pipeline(tuple(parts), negated) if negated or len(parts) > 1 else parts[0]

    def command(self) -> Node:
        compound = {
            "if": self.if_, "for": self.for_, "while": self.while_, "until": self.while_, "case": self.case_,
            "{": self.braces,
        }  # fmt: skip
        if self.is_op("("):
            return self.subshell()
        if self.token.kind == "word" and self.token.text in compound:
            return compound[self.token.text]()
        return self.simple()

    def subshell(self) -> Node:
        self.next()
        body = self.chain()
        self.expect(")")
        return Group(body, True, self.trailing())

    def braces(self) -> Node:
        self.next()
        body = self.chain()
        self.expect("}")
        return Group(body, False, self.trailing())

    def if_(self) -> Node:
        self.next()
        branches = [self.branch()]
        while self.is_word("elif"):
            self.next()
            branches.append(self.branch())
        otherwise = None
        if self.is_word("else"):
            self.next()
            otherwise = self.chain()
        self.expect("fi")
        return If(tuple(branches), otherwise, self.trailing())

    def branch(self) -> tuple[Node, Node]:
        condition = self.chain()
        self.expect("then")
        return condition, self.chain()

    def for_(self) -> Node:
        self.next()
        name = self.next().text
        self.skip_newlines()
        words: list[Word] = []
        if self.is_word("in"):
            self.next()
            while self.token.kind in ("word", "io"):
                words.append(Word(self.next().text))
        if self.is_op(";", "\n"):
            self.next()
        self.skip_newlines()
        return For(name, tuple(words), self.do(), self.trailing())

    def while_(self) -> Node:
        until = self.next().text == "until"
        condition = self.chain()
        return While(condition, self.do(), until, self.trailing())

    def do(self) -> Node:
        self.expect("do")
        body = self.chain()
        self.expect("done")
        return body

    def case_(self) -> Node:
        self.next()
        word = Word(self.next().text)
        self.skip_newlines()
        self.expect("in")
        branches: list[tuple[tuple[Word, ...], Node]] = []
        self.skip_newlines()
        while not self.is_word("esac"):
            if self.is_op("("):
                self.next()
            patterns = [Word(self.next().text)]
            while self.is_op("|"):
                self.next()
                patterns.append(Word(self.next().text))
            self.expect(")")
            branches.append((tuple(patterns), self.chain()))
            if self.is_op(";;"):
                self.next()
            self.skip_newlines()
        self.next()
        return Case(word, tuple(branches), self.trailing())

    def trailing(self) -> tuple[Redirect, ...]:
        found: list[Redirect] = []
        while (redirect := self.redirect()) is not None:
            found.append(redirect)
        return tuple(found)

    def redirect(self) -> Redirect | None:
        fd = -1
        if self.token.kind == "io":
            fd = int(self.next().text)
        if not (self.token.kind == "op" and self.token.text in _REDIRECTS):
            return None
        operator = self.next().text
        if self.token.kind not in ("word", "io"):
            raise self.unexpected()
        return Redirect(fd if fd >= 0 else 0 if operator[0] == "<" else 1, operator, Word(self.next().text))

    def simple(self) -> Node:
        assignments: list[tuple[str, Word]] = []
        words: list[Word] = []
        redirects: list[Redirect] = []
        while True:
            redirect = self.redirect()
            if redirect is not None:
                redirects.append(redirect)
            elif self.token.kind == "word":
                name, equals, value = self.token.text.partition("=")
                if not words and equals and name.isidentifier():
                    assignments.append((name, Word(value)))
                else:
                    words.append(Word(self.token.text))
                self.next()
            else:
                break
        if not (words or assignments or redirects):
            raise self.unexpected()
        return Simple(tuple(assignments), tuple(words), tuple(redirects))


def parse(text: str) -> Node:
    """`text` as a tree; ShellSyntax as dash says it."""
    parser = _Parser(tokens(text))
    tree = parser.chain()
    if parser.token.kind != "end":
        raise parser.unexpected()
    return tree
