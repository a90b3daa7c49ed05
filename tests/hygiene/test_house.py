"""The house rules that a machine can check."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest
from tests.packaging_helpers import ROOT, SOURCE

MODULES = sorted([*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")])
MOST_LINES, MOST_FUNCTION_LINES = 500, 80


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_module_is_small_and_so_are_its_functions(module: Path) -> None:
    text = module.read_text(encoding="utf-8")
    assert text.count("\n") <= MOST_LINES
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno + 1 <= MOST_FUNCTION_LINES, node.name


def imported(code: str, *names: str) -> set[str]:
    """Which of `names` are loaded after `code` ran in a fresh interpreter."""
    script = f"{code}\nimport sys; print(*[name for name in {names!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


LIBRARIES = ("asyncssh", "aiomysql", "httpx", "proxmoxer", "zabbix_utils", "textual", "pydantic", "aiohttp")


@pytest.mark.parametrize(
    ("code", "allowed"),
    [
        ("import saitotui.cli; saitotui.cli.parser()", set()),
        ("import saitotui.clients.hub", set()),
        ("import saitotui.engine.journal.verify", set()),
        ("import saitotui.engine.watch", set()),
        ("import saitotui.ui.app", {"textual"}),
    ],
)
def test_start_up_imports_only_what_is_needed(code: str, allowed: set[str]) -> None:
    assert imported(code, *LIBRARIES) <= allowed


def test_the_model_needs_nothing_but_the_standard_library() -> None:
    names = {
        node.module if isinstance(node, ast.ImportFrom) else alias.name
        for module in (SOURCE / "model").glob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    roots = {str(name).partition(".")[0] for name in names} - {"saitotui"}
    assert roots <= sys.stdlib_module_names
    assert "asyncio" not in roots


def test_the_simulator_shares_no_code_with_what_reads_it() -> None:
    for module in (SOURCE / "simulator").glob("*.py"):
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("saitotui"):
                assert node.module.startswith(("saitotui.simulator", "saitotui.resources")), module
