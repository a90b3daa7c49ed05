"""nginx's processes by their titles, as ps(1) prints them on Debian 12 (nginx 1.22.1)."""

from __future__ import annotations

import pytest

from saitotui.facts.nginx_workers import Workers, workers
from saitotui.model.command import Answer, Unparsable

RELOADED = """\
    712 nginx: master process /usr/sbin/nginx -g daemon on; master_process on;
    713 nginx: worker process is shutting down
    714 nginx: worker process is shutting down
    803 nginx: worker process
    804 nginx: worker process
    805 nginx: cache manager process
"""


def test_who_serves_and_who_leaves() -> None:
    assert workers(Answer(RELOADED)) == Workers((803, 804), (713, 714))


def test_a_master_without_workers_serves_nobody() -> None:
    assert workers(Answer(RELOADED.splitlines()[0])) == Workers((), ())


@pytest.mark.parametrize(
    "text", ["", "  803 nginx: worker process\n", "sh: 1: ps: not found\n", "x" * 100_000]
)
def test_what_is_no_nginx_is_said(text: str) -> None:
    with pytest.raises(Unparsable, match="no nginx runs there"):
        workers(Answer(text, 1))
