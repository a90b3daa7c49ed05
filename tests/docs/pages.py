"""The pages of docs/ that are made from the code: `make docs` writes them, a test holds them to it."""

from __future__ import annotations

import ast
import asyncio
import inspect
import json
import re
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import MISSING, fields, is_dataclass
from functools import partial
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from saitotui.clients.hub import Hub
from saitotui.config import load_profile
from saitotui.engine.artefacts import keep
from saitotui.engine.poll import Memory, look
from saitotui.engine.registry import platform, situations
from saitotui.engine.report import Report
from saitotui.engine.runs.catalogue import catalogue, plan_of
from saitotui.model import profile as profile_module
from saitotui.model.finding import Situation
from saitotui.model.plan import Plan, lines
from saitotui.model.profile import Profile
from saitotui.simulator.simulation import Simulation
from saitotui.tiers.kinds import tier_kinds

DOCS = Path(__file__).parents[2] / "docs"


def profile_page() -> str:
    """docs/profile.md: every key of a profile, from the docstrings of its dataclasses."""
    parts = [
        "# Profiles",
        "",
        "One YAML file a platform: where its parts are, and what is expected of them. `saitotui check P`",
        "names every error with its line; `--connect` tries every endpoint. `profiles/example.yaml` is a",
        "template.",
        "",
        "Looked for in `$SAITOTUI_PROFILES` (folders, separated by `:`), `~/.config/saitotui/profiles` and",
        "`/etc/saitotui/profiles`; the first file wins whole. Without `--profile` it is the one called",
        "`default`, or the only one there is. Relative paths count from the profile's folder.",
        "",
        "A **secret** is a reference, never a value: `env:NAME`, `file:PATH` (readable by its owner only),",
        "`command:PROGRAM ARG...` (run without a shell, its output is the secret) or `keyring:SERVICE/USER`.",
        "",
    ]
    for kind in _kinds(Profile):
        parts += _section(kind)
    return "\n".join(parts)


def _kinds(root: type[Any]) -> list[type[Any]]:
    """The dataclasses that `root` is made of, each once, outermost first."""
    found: list[type[Any]] = []
    todo = [root]
    while todo:
        kind = todo.pop(0)
        if kind not in found:
            found.append(kind)
            todo += [part for hint in get_type_hints(kind).values() for part in _dataclasses(hint)]
    return found


def _dataclasses(hint: Any) -> Iterator[type[Any]]:
    if is_dataclass(hint) and isinstance(hint, type):
        yield hint
    for part in get_args(hint):
        yield from _dataclasses(part)


def _section(kind: type[Any]) -> list[str]:
    about = " ".join((kind.__doc__ or "").split())
    generic = about.startswith(f"{kind.__name__}(")
    rows = ["| key | value | default | |", "| --- | --- | --- | --- |"]
    texts, hints = _field_docs(kind), get_type_hints(kind, include_extras=True)
    for part in fields(kind):
        rows.append(f"| `{part.name}` | {_type(hints[part.name])} | {_default(part)} | {texts[part.name]} |")
    head = [f"## {kind.__name__}", ""]
    return [*head, *([] if generic or not about else [about, ""]), *rows, ""]


def _field_docs(kind: type[Any]) -> dict[str, str]:
    """The docstring under each field."""
    tree = ast.parse(inspect.getsource(sys.modules[kind.__module__]))
    body = next(n.body for n in tree.body if isinstance(n, ast.ClassDef) and n.name == kind.__name__)
    texts: dict[str, str] = {}
    for node, after in zip(body, [*body[1:], None], strict=True):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            text = ""
            if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
                text = " ".join(str(after.value.value).split())
            texts[node.target.id] = text.replace("|", "\\|")
    return texts


def _type(hint: Any) -> str:
    if hint is profile_module.SecretRef:
        return "secret"
    if hasattr(hint, "__metadata__"):
        return str(
            {"host": "host name", "url": "address", "network": "network", "server": "name or address"}[
                hint.__metadata__[0]
            ]
        )
    if is_dataclass(hint) and isinstance(hint, type):
        return f"[{hint.__name__}](#{hint.__name__.lower()})"
    origin, parts = get_origin(hint), get_args(hint)
    if NoneType in parts:
        return " or ".join(_type(part) for part in parts if part is not NoneType) + ", may be left out"
    if origin is tuple:
        return f"list of {_type(parts[0])}"
    if origin is not None and parts and isinstance(parts[0], str):
        return ", ".join(f"`{part}`" if part else "empty" for part in parts)
    if origin is not None:
        return f"mapping of name to {_type(parts[1])}"
    return {"str": "text", "int": "whole number", "float": "number", "bool": "true, false"}[hint.__name__]


def _default(part: Any) -> str:
    if part.default is MISSING and part.default_factory is MISSING:
        return "**required**"
    value = part.default if part.default is not MISSING else part.default_factory()
    if value is None or value in ("", (), {}) or is_dataclass(value):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def findings_page() -> str:
    """docs/findings.md: every situation that a console may name."""
    parts = [
        "# Findings",
        "",
        "Every situation that saitotui names. Codes are permanent: alerts and scripts may rely on them.",
        f"There are {len(situations())}.",
        "",
    ]
    titles = {kind.name: kind.title for kind in tier_kinds()}
    groups: dict[str, list[Situation]] = {}
    for code, situation in sorted(situations().items()):
        groups.setdefault(code.partition(".")[0], []).append(situation)
    for group, members in sorted(groups.items()):
        parts += [f"## {titles.get(group, group.capitalize())}", ""]
        for one in members:
            parts += [f"### `{one.code}` ({one.health.name})", "", f"**{one.title}.** {one.meaning}", ""]
            parts += [f"What to do: {one.advice}", ""]
            if one.runbooks:
                parts += [f"Runbooks: {', '.join(f'`{name}`' for name in one.runbooks)}", ""]
    return "\n".join(parts)


def schema_page() -> str:
    """docs/status.schema.json: the JSON Schema of `saitotui status --json`."""
    from pydantic import TypeAdapter

    return json.dumps(TypeAdapter(Report).json_schema(), indent=2, ensure_ascii=False) + "\n"


_MARK = re.compile(r"<!-- plan(?:: ([\w-]+))?((?: \w+=\S+)*) -->")
"""After it comes the plan, made in the scenario that it names, of the parameters that it gives."""


def runbook_page(name: str) -> str:
    """docs/runbooks/NAME.md: what people wrote about a runbook, then its plan on the simulated platform."""
    text = (DOCS / "runbooks" / f"{name}.md").read_text(encoding="utf-8")
    mark = _MARK.search(text)
    assert mark is not None, f"docs/runbooks/{name}.md says nowhere where its plan belongs"
    given = dict(part.split("=", 1) for part in mark[2].split())
    plan = asyncio.run(_plan(name, mark[1] or "healthy", given))
    return "\n".join([text[: mark.end()], "", *(f"    {line}" for line in plan), ""])


async def _plan(name: str, scenario: str, given: dict[str, str]) -> list[str]:
    with tempfile.TemporaryDirectory(prefix="saitotui-docs-") as folder:
        async with Simulation(Path(folder) / "fsn1", scenario, frozen=True) as simulation:
            seen = platform(load_profile(simulation.profile_path))
            hub = Hub(seen.profile)
            try:
                snapshot = await look(hub, seen.questions.values(), Memory(), simulation.world.clock.now)
            finally:
                await hub.aclose()
        if "war" in given:
            given["war"] = keep(Path(folder), Path(folder) / "fsn1" / "wars" / given["war"])
        plan = plan_of(seen.profile, snapshot, name, given)
    assert isinstance(plan, Plan), plan
    # The digest is of this very platform, whose files lie elsewhere each time.
    timeless = (re.sub(r"\b\d{10}\b", "TIME", line) for line in lines(plan))
    # What a host gets holds the ports of the simulated platform, which are others each time.
    portless = (re.sub(r"\b[0-9a-f]{16}(?= >/run/)", "SUM", line) for line in timeless)
    return [re.sub(r", digest \w+", "", line) for line in portless]


PAGES: dict[str, Callable[[], str]] = {
    "profile.md": profile_page,
    "findings.md": findings_page,
    "status.schema.json": schema_page,
    **{f"runbooks/{name}.md": partial(runbook_page, name) for name in catalogue()},
}


def write() -> None:
    for name, make in PAGES.items():
        (DOCS / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    write()
