"""What errors of the operating system and of TLS mean, in one place."""

from __future__ import annotations

import errno
import socket
import ssl

from saitotui.model.command import Failure, FailureKind
from saitotui.model.text import one_line

_NO_WAY = {
    errno.EHOSTUNREACH: "no route to it",
    errno.ENETUNREACH: "its network cannot be reached",
    errno.EHOSTDOWN: "it is down",
    errno.ETIMEDOUT: "no answer to the connection attempt",
    errno.ENETDOWN: "the network is down",
    errno.EADDRNOTAVAIL: "no address to connect from",
}
_BROKEN = {errno.ECONNRESET, errno.EPIPE, errno.ECONNABORTED}


def of_error(where: str, error: BaseException) -> Failure:
    """The Failure that an error of a connection attempt, or of a connection, is. `where` names the peer."""
    for one in _chain(error):
        found = _known(where, one)
        if found is not None:
            return found
    text = one_line(str(error)) or type(error).__name__
    return Failure(FailureKind.UNREACHABLE, f"{where}: {text}")


def _chain(error: BaseException) -> list[BaseException]:
    """The error, what it stands for, and what several attempts at once ended in."""
    found: list[BaseException] = []
    todo: list[BaseException | None] = [error]
    while todo:
        one = todo.pop(0)
        if one is not None and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
    return found


def _known(where: str, error: BaseException) -> Failure | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        # aiohttp's own class of this kind lacks what ssl's has.
        why = getattr(error, "verify_message", "") or str(error)
        return Failure(FailureKind.DENIED, f"{where}: its certificate is not trusted: {one_line(why)}")
    if isinstance(error, ssl.SSLError):
        return Failure(FailureKind.UNREACHABLE, f"{where}: no TLS with it: {one_line(str(error))}")
    if isinstance(error, socket.gaierror):
        return Failure(FailureKind.UNREACHABLE, f"{where}: its name cannot be resolved: {error.strerror}")
    if isinstance(error, ConnectionRefusedError) or _errno(error) == errno.ECONNREFUSED:
        return Failure(FailureKind.REFUSED, f"{where}: connection refused: nobody listens there")
    if _errno(error) in _NO_WAY:
        return Failure(FailureKind.UNREACHABLE, f"{where}: {_NO_WAY[_errno(error)]}")
    if _errno(error) in _BROKEN or isinstance(error, ConnectionError):
        return Failure(FailureKind.UNREACHABLE, f"{where}: the connection broke")
    return None


def _errno(error: BaseException) -> int:
    return (error.errno or 0) if isinstance(error, OSError) else 0


def silent(where: str, seconds: float) -> Failure:
    """Nobody answered a connection attempt."""
    return Failure(
        FailureKind.UNREACHABLE, f"{where}: no answer to the connection attempt within {seconds:g}s"
    )


def late(where: str, what: str, seconds: float) -> Failure:
    """Connected and asked, but no answer in time: it may have happened."""
    return Failure(
        FailureKind.TIMEOUT, f"{where}: no answer within {seconds:g}s to: {one_line(what, limit=120)}"
    )


def too_large(where: str, limit: int) -> Failure:
    return Failure(FailureKind.UNPARSABLE, f"{where}: the answer is larger than {limit} bytes")
