"""Sessions and tokens of a Zabbix frontend, and the errors of its JSON-RPC API, as recorded from 6.0.14."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


class RpcError(Exception):
    """A JSON-RPC error: `code`, and `data`, which tells what it is."""

    MESSAGES: Mapping[int, str] = {
        -32700: "Parse error",
        -32600: "Invalid request.",
        -32601: "Method not found.",
        -32602: "Invalid params.",
        -32500: "Application error.",
    }

    def __init__(self, code: int, data: str) -> None:
        super().__init__(data)
        self.body = {"code": code, "message": self.MESSAGES[code], "data": data}


def not_authorized() -> RpcError:
    return RpcError(-32602, "Not authorized.")


def no_permissions() -> RpcError:
    return RpcError(-32500, "No permissions to referred object or it does not exist!")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls. A `session` came by user.login; 6.0.14 runs scripts for such a one only (a defect)."""

    userid: str = "1"
    session: bool = False
    read_only: bool = False


@dataclass(slots=True)
class Access:
    """`users`: name to password; `tokens` always work; `readers` are tokens of a role that may not change."""

    now: Callable[[], float]
    users: Mapping[str, str]
    tokens: set[str] = field(default_factory=set)
    readers: set[str] = field(default_factory=set)
    expired: set[str] = field(default_factory=set)
    _sessions: set[str] = field(default_factory=set)
    _ended: set[str] = field(default_factory=set)
    _failures: list[float] = field(default_factory=list)

    def login(self, parameters: Mapping[str, Any], version: tuple[int, int]) -> Any:
        """user.login: the session id, or the user's data with `userData`."""
        allowed = ("username",) if version >= (6, 4) else ("username", "user")
        name = next((str(parameters[key]) for key in allowed if key in parameters), "")
        if not name:
            raise RpcError(-32602, 'Invalid parameter "/": the parameter "username" is missing.')
        now = self.now()
        self._failures = [at for at in self._failures if now - at < 30]
        password = self.users.get(name, "")
        right = bool(password) and secrets.compare_digest(password, str(parameters.get("password", "")))
        if not right or len(self._failures) >= 5:
            self._failures.append(now)
            text = "Incorrect user name or password or account is temporarily blocked."
            raise RpcError(-32500, text)
        session = secrets.token_hex(16)
        self._sessions.add(session)
        return {**self.user(name), "sessionid": session} if parameters.get("userData") else session

    def user(self, name: str = "") -> dict[str, Any]:
        """A user's data, as userData and checkAuthentication give them."""
        return {
            "userid": "1", "username": name or next(iter(self.users)), "name": "", "surname": "", "url": "",
            "autologin": "0", "autologout": "0", "lang": "en_US", "refresh": "30s", "theme": "default",
            "attempt_failed": "0", "attempt_ip": "", "attempt_clock": "0", "rows_per_page": "50",
            "timezone": "UTC", "roleid": "3", "type": 3, "userip": "127.0.0.1", "debug_mode": 0,
            "gui_access": 0,
        }  # fmt: skip

    def logout(self, secret: str) -> None:
        self._sessions.discard(secret)
        self._ended.add(secret)

    def who(self, secret: str) -> Caller:
        """The caller with this session id or token, or an RpcError."""
        if secret in self._sessions:
            return Caller(session=True)
        if secret in self.expired:
            raise RpcError(-32500, "API token expired.")
        if secret in self.tokens:
            return Caller(read_only=secret in self.readers)
        if secret in self._ended:
            raise RpcError(-32602, "Session terminated, re-login, please.")
        raise not_authorized()


def by_number(found: Any, name: str, id: Any) -> Any:
    """The one whose number `name` is `id`; the error of Zabbix when there is none."""
    for one in found:
        if getattr(one, name) == str(id):
            return one
    raise no_permissions()
