"""Hetzner's Robot webservice: JSON over HTTPS with basic authentication (https://robot.hetzner.com/doc/webservice)."""

from __future__ import annotations

from collections.abc import Sequence
from urllib.parse import urlencode

from saitotui.clients.http import HttpConnection
from saitotui.model.command import Answer, Command, Failure, FailureKind, Json
from saitotui.model.profile import HttpService
from saitotui.model.text import one_line


class RobotConnection:
    """The webservice. A command's body is JSON of the form's fields."""

    def __init__(self, service: HttpService) -> None:
        self._http = HttpConnection("robot", service, None)
        # 403 is also how Robot says that too much was asked; its body tells.
        self._http.refusals = frozenset({401})
        self._http.content_type = "application/x-www-form-urlencoded"

    async def ask(self, commands: Sequence[Command], deadline: float) -> list[Answer | Failure]:
        answers = await self._http.ask([_form(command) for command in commands], deadline)
        return [_checked(_hidden(answer)) for answer in answers]

    async def aclose(self) -> None:
        await self._http.aclose()


def _form(command: Command) -> Command:
    import json
    from dataclasses import replace

    fields = json.loads(command.body) if command.body else {}
    return replace(command, body=urlencode(fields)) if fields else command


HIDDEN = "(hidden)"


def _hidden(answer: Answer | Failure) -> Answer | Failure:
    """The answer without passwords: Robot tells that of a rescue system, and answers are recorded."""
    import json
    from dataclasses import replace

    if isinstance(answer, Failure) or (covered := _covered(answer.data)) == answer.data:
        return answer
    return replace(answer, text=json.dumps(covered), data=covered)


def _covered(data: Json) -> Json:
    if isinstance(data, list):
        return [_covered(one) for one in data]
    if not isinstance(data, dict):
        return data
    return {name: HIDDEN if name == "password" and value else _covered(value) for name, value in data.items()}


def _checked(answer: Answer | Failure) -> Answer | Failure:
    """Robot's errors: `{"error": {"status", "code", "message"}}` with the same HTTP status."""
    if isinstance(answer, Failure) or answer.status < 400:
        return answer
    error = answer.data.get("error") if isinstance(answer.data, dict) else None
    code = str(error.get("code", "")) if isinstance(error, dict) else ""
    message = str(error.get("message", "")) if isinstance(error, dict) else answer.text
    sentence = f"robot: {answer.status} {code}: {one_line(message)}"
    if code == "RATE_LIMIT_EXCEEDED":
        sentence += "; Robot counts requests by the hour: wait"
    kind = FailureKind.DENIED if answer.status in (401,) else FailureKind.ERROR
    return Failure(kind, sentence)
