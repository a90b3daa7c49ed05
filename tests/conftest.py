"""The assertions of the tests' helpers say what they found, as those of the tests do."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
OWN = ("conftest", "test_*")

pytest.register_assert_rewrite(
    *(
        ".".join(("tests", *path.relative_to(HERE).with_suffix("").parts))
        for path in sorted(HERE.rglob("*.py"))
        if not any(path.match(f"{name}.py") for name in OWN)
    )
)
