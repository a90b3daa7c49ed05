"""What Zabbix's versions call differently. Everything above speaks as 6.0 does (manual, "API changes")."""

from __future__ import annotations

from saitotui.model.command import Json

GROUPS_PARTED = 6.2
"""From this version host groups and template groups are two things."""


def spoken(method: str, parameters: Json, version: float) -> Json:
    """The parameters of a call as a server of `version` (6.0, 7.4) takes them."""
    if method.startswith("configuration.import") and version >= GROUPS_PARTED:
        return _group_rules(parameters)
    return parameters


def _group_rules(parameters: Json) -> Json:
    """What is imported here are templates, so the rule for groups is the one for theirs."""
    rules = parameters.get("rules") if isinstance(parameters, dict) else None
    if not isinstance(parameters, dict) or not isinstance(rules, dict):
        return parameters
    named = {("template_groups" if name == "groups" else name): rule for name, rule in rules.items()}
    return {**parameters, "rules": named}
