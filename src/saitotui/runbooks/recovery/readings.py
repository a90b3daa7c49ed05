"""What agents need to ask in this console's place, and the templates by which Zabbix keeps their answers.

The agent runs one script as root, by exact command lines; the script knows its questions by name and takes
nothing else. What it prints is in `clients/relay.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.clients.quoting import shell
from saitotui.model.profile import Profile
from saitotui.runbooks.recovery.content import Template, template
from saitotui.tiers.relay import Relay, relays

SCRIPT = "/usr/local/sbin/saitotui-answer"
PROGRAMS = "sudo visudo timeout gzip base64"
"""What a host must have, besides what the questions are about."""
TIERS = ("cluster", "database", "storage", "application", "hosts")
"""Those that a profile may name (`Monitoring.readings`)."""
_ROLE = "readings of"
_LIMIT = 2.5
"""Seconds: an agent gives up after 3 (zabbix_agentd.conf(5), `Timeout`)."""
_RUN = """packed=$({
    timeout -k 0.2 %s sh -c "$text" </dev/null 2>&1
    printf '\\n%%s\\n' "$?"
} | gzip -9c | base64 -w 0)
echo "$id $packed"
"""


def role(tier: str) -> str:
    """What hosts that a tier's template watches are."""
    return f"{_ROLE} {tier}"


def command(relay: Relay) -> str:
    """The one command line by which an agent asks it."""
    return f"sudo -n {SCRIPT} {relay.name}"


def parameters(every: Sequence[Relay], asked: Sequence[Relay]) -> tuple[str, ...]:
    """The lines for a host's agent, which is `asked` some of all questions. One of its tiers that is not
    about this host is answered so."""
    own = {relay.name: relay for relay in asked}
    tiers = {relay.tier for relay in own.values()}
    lines = {
        relay.key: command(own[relay.name]) if relay.name in own else "echo none"
        for relay in every
        if relay.tier in tiers
    }
    return tuple(f"UserParameter={key},{text}" for key, text in lines.items())


def script(asked: Sequence[Relay]) -> str:
    """What the agent runs, for one host."""
    cases = "".join(
        f"{relay.name})\n    id={relay.digest} text={shell(relay.question.command.text)}\n    ;;\n"
        for relay in asked
    )
    return f"case ${{1:-}} in\n{cases}*)\n    exit 2\n    ;;\nesac\n{_RUN % _LIMIT}"


def templates(profile: Profile) -> tuple[Template, ...]:
    """One a tier that the profile wants read so."""
    every = relays(profile)
    return tuple(_template(tier, every) for tier in TIERS if any(relay.tier == tier for relay in every))


def names() -> tuple[str, ...]:
    """What all templates of readings are called, wanted or not."""
    return tuple(_name(tier) for tier in TIERS)


def _name(tier: str) -> str:
    return f"saitotui readings {tier}"


def _template(tier: str, every: Sequence[Relay]) -> Template:
    items = {
        relay.key: {
            "name": f"Answer to {relay.name}",
            "key": relay.key,
            "delay": f"{relay.every:.0f}s",
            "history": "1h",
            "trends": "0",
            "value_type": "TEXT",
        }
        for relay in every
        if relay.tier == tier
    }
    return template({"template": _name(tier), "items": list(items.values())}, role(tier))
