"""Commands and questions are data: they can be shown, hashed, journalled and graded for danger."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Generic, TypeAlias, TypeVar

T = TypeVar("T")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"
Scalar: TypeAlias = "int | float | str | None"


class Client(StrEnum):
    """The protocol a command travels over."""

    SSH = "ssh"
    MYSQL = "mysql"
    HAPROXY = "haproxy"
    HTTP = "http"
    PROXMOX = "proxmox"
    ZABBIX = "zabbix"
    ROBOT = "robot"
    RELAY = "relay"
    """What a host's own agent was told to ask there, by Zabbix's newest value (see `tiers/relay.py`)."""
    FILE = "file"
    """Files that this console keeps by their content: no machine is asked."""


class Danger(IntEnum):
    """What a command can do to the platform; confirmation grows with it."""

    READ = 0
    REVERSIBLE = 1
    DISRUPTIVE = 2
    DESTRUCTIVE = 3


@dataclass(frozen=True, slots=True)
class File:
    """A file that this console keeps: `path` is absolute, `sha256` (hex) and `size` (bytes) are its
    content's, and nothing else is ever sent in its name."""

    path: str
    sha256: str
    size: int


ACTING = "acts"
"""The session in which runbooks act on a database server. A connection begins it only when the one before,
whoever opened that, is gone from the server: what it left under way is done then or never will be, and what
is seen in this session afterwards stays true."""


NEW_LOGIN = "new login"
"""The session of one question over SSH that begins with a login of its own, and ends it."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to say to one machine.

    `target` names an endpoint of the profile (a host, a database server, a balancer, an HTTP endpoint;
    `cluster`, `zabbix` and `robot` where there is one). `text` is exactly what is sent: a shell command,
    an SQL statement, a runtime API line, `GET /path`, a Zabbix method. `body` is what goes with it
    (standard input, form, JSON), or `file` is (HTTP PUT). Commands of the same `session` share one
    connection, in order; over HTTP they are one visitor, who keeps cookies. A database server has at most
    one connection in the session `ACTING`.
    """

    client: Client
    target: str
    text: str
    body: str = ""
    danger: Danger = Danger.READ
    session: str = ""
    file: File | None = None


class FailureKind(StrEnum):
    """Why there is no value. Dead and unreachable are two kinds: they need different hands."""

    PENDING = "pending"
    """Not asked yet."""
    UNREACHABLE = "unreachable"
    """No route, no answer to a connection attempt, name not found: dead, or merely cut off."""
    REFUSED = "refused"
    """The machine answered that nobody listens there: the machine lives, the service does not."""
    DENIED = "denied"
    """Wrong credentials, missing privilege, changed host key, untrusted certificate."""
    TIMEOUT = "timeout"
    """Connected, asked, no answer within the deadline: it may have happened."""
    ERROR = "error"
    """The service answered with an error."""
    UNPARSABLE = "unparsable"
    """An answer came that this console cannot read."""


@dataclass(frozen=True, slots=True)
class Failure:
    """No value, and why: one sentence that says what, where and (if known) what to do."""

    kind: FailureKind
    sentence: str


class Visitor(StrEnum):
    """What became of the visitor that a session over HTTP is (RFC 6265): the server gives a cookie to one
    that it does not know."""

    NONE = ""
    """No session, or none of the cookies that make one."""
    STRANGER = "stranger"
    """Came without a cookie."""
    KNOWN = "known"
    """Came with cookies, and keeps them."""
    FORGOTTEN = "forgotten"
    """Came with cookies, and was given another."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, as received: recordable, and parsed only afterwards.

    `text` is decoded with replacement (SSH: standard output and error together). `status` is the exit
    status (SSH) or the HTTP status, else 0.
    `rows` are SQL result rows by column name. `data` is the decoded JSON body where the client has one.
    """

    text: str = ""
    status: int = 0
    rows: tuple[Mapping[str, Scalar], ...] = ()
    data: Json = None
    visitor: Visitor = Visitor.NONE
    against: str = ""
    """The captured value that a check sets the answer against."""
    age: float = 0.0
    """Seconds by which it is older than its arrival (somebody else asked, and kept it)."""


class Unparsable(ValueError):
    """Raised by a parser whose input is not what it reads; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Question(Generic[T]):
    """What is asked of a platform again and again, and how the answer is read.

    `key` is unique in a platform (`database/db1/variables`). `subject` is the id of the node that the
    answer is about. `every` and `deadline` are seconds. `parse` is pure; whatever it raises is UNPARSABLE.
    """

    key: str
    subject: str
    command: Command
    parse: Callable[[Answer], T] = field(compare=False)
    every: float = 2.0
    deadline: float = 3.0

    def read(self, answer: Answer | Failure) -> T | Failure:
        """The typed value of `answer`, or the Failure it is or leads to."""
        if isinstance(answer, Failure):
            return answer
        try:
            return self.parse(answer)
        except Unparsable as error:
            return Failure(FailureKind.UNPARSABLE, f"{self.key}: {error}")
        except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError) as error:
            reason = f"{type(error).__name__}: {str(error)[:120]}"
            return Failure(FailureKind.UNPARSABLE, f"{self.key}: cannot read the answer ({reason})")
