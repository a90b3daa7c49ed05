"""The proof from the clients' side: what they had open before, they read, write and lock afterwards."""

from __future__ import annotations

import shlex

from saitotui.clients.quoting import shell
from saitotui.model.command import Answer, Danger
from saitotui.model.plan import Act, Capture, Check, Step, Verdict
from saitotui.runbooks.judging import reading, value_name
from saitotui.runbooks.storage.pair import Pair, on

UNWRITABLE = "unwritable"
"""What a client tells that may only read: the mount still has to answer."""
ABSENT = "absent"
"""What a client tells that does not mount the export now: it has nothing to prove."""
PATIENCE = 60.0
"""Seconds in which a client must work again: NFSv4 has a grace period, a kernel its own retries."""
_MOUNTED = (
    'm=; while read -r d p t r; do case "$d $t" in {ip}:*" nfs"|{ip}:*" nfs4") m=$p; break;; esac; '
    'done </proc/mounts; [ -n "$m" ] || {{ echo absent; exit 0; }}; f="$m/{file}"; '
)


def _file(client: str) -> str:
    return f".saitotui-{client}"


def _begin(pair: Pair, client: str) -> str:
    return _MOUNTED.format(ip=shell(pair.storage.floating_ip), file=_file(client))


def mark(pair: Pair, client: str) -> Step:
    """A client writes a file of its own; its inode and content are kept."""
    text = _begin(pair, client) + (
        'if date +%s.%N 2>/dev/null >"$f"; then echo "$(stat -c %i "$f") $(cat "$f")"; '
        f'else ls "$m" >/dev/null && echo {UNWRITABLE}; fi'
    )
    capture = Capture(value_name("mark", client), _last)
    return Step(
        f"{client} leaves a mark on the export",
        (Act(on(client, text, Danger.REVERSIBLE), capture=capture),),
        deadline=15.0,
        expected=0.2,
    )


def works(pair: Pair, client: str) -> tuple[Step, ...]:
    """The client finds the same file under the same inode, writes, and gets a lock; the node that serves now
    has what it wrote."""
    name = value_name("mark", client)
    text = _begin(pair, client) + (
        f'case {{{name}}} in {UNWRITABLE}|{ABSENT}) ls "$m" >/dev/null && echo {{{name}}}; exit;; esac; '
        's="$(stat -c %i "$f") $(cat "$f")"; '
        f'[ "$s" = {{{name}}} ] || {{ echo "another file: $s"; exit 4; }}; '
        'date +%s.%N >"$f" && flock -w 20 "$f" true && cat "$f"'
    )
    capture = Capture(value_name("written", client), _last)
    arrived = _arrived(pair, client)
    return (
        Step(
            f"{client} reads its mark under the same inode, writes and locks",
            (Act(on(client, text, Danger.REVERSIBLE), capture=capture),),
            deadline=PATIENCE,
            expected=1.0,
        ),
        Step(arrived.sentence, (), goal=arrived, deadline=10.0, expected=0.2),
    )


def _last(answer: Answer) -> str:
    return shell(answer.text.strip().splitlines()[-1])


def _arrived(pair: Pair, client: str) -> Check:
    node, mount = pair.new, shell(pair.storage.mount)
    text = f'f=$(find {mount} -maxdepth 3 -name {shell(_file(client))} -print -quit); [ -z "$f" ] || cat "$f"'

    def judge(answer: Answer) -> Verdict:
        wanted = shlex.split(answer.against)[0]
        found = answer.text.strip()
        if wanted in (UNWRITABLE, ABSENT):
            return Verdict(
                True, "it may only read" if wanted == UNWRITABLE else "it does not mount the export"
            )
        return Verdict(found == wanted, found or "there is no such file")

    return Check(
        f"{node.name} has what {client} wrote",
        on(node.host, text),
        reading(judge),
        against=value_name("written", client),
    )


def tidy(pair: Pair, client: str) -> Step:
    text = _begin(pair, client) + 'rm -f "$f"'
    return Step(
        f"{client} removes its mark", (Act(on(client, text, Danger.REVERSIBLE)),), deadline=15.0, expected=0.1
    )


def reach(pair: Pair) -> list[Step]:
    """Each client gets an answer from the export."""
    return [
        Step(f"{name} reaches the export", (), goal=_reaches(pair, name), deadline=PATIENCE)
        for name in pair.clients
    ]


def _reaches(pair: Pair, client: str) -> Check:
    text = _begin(pair, client) + 'ls -d "$m"/. >/dev/null && echo "it answers at $m"'

    def judge(answer: Answer) -> Verdict:
        return Verdict(answer.status == 0, answer.text.strip())

    return Check(f"the export answers on {client}", on(client, text), reading(judge), deadline=PATIENCE / 2)
