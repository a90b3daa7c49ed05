"""Templates, scripts and actions that others bring into the simulated Zabbix.

A template comes as an export (`configuration.import`, JSON). What its items watch is found by the component
that their triggers' tags name; other items are there and never sampled. As recorded from 6.0.14, an import
that changes nothing compares as `[]`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from saitotui.simulator.zabbix_access import Caller, RpcError, by_number
from saitotui.simulator.zabbix_rows import Row, chosen
from saitotui.simulator.zabbix_server import Action, Host, Item, Script, Trigger, ZabbixServer

PARTS = ("items", "triggers", "discovery_rules", "item_prototypes", "trigger_prototypes")
PRIORITIES = {"NOT_CLASSIFIED": 0, "INFO": 1, "WARNING": 2, "AVERAGE": 3, "HIGH": 4, "DISASTER": 5}
SERVICES = {"database": "mysql"}
"""What a component is called by whoever samples it, where the names differ."""
SAMPLED = ("nginx", "haproxy", "tomcat", "database")
USER_GROUPS = {"7": "Zabbix administrators", "8": "Guests"}
ANSWER = "saitotui.answer."
"""Items whose values are texts that agents ask for."""
CONTENT = "saitotui.content"
"""The item whose value a host's agent has in its configuration."""


@dataclass(slots=True)
class Template:
    """`body` is its part of the export; `hosts` are numbers."""

    templateid: str
    body: dict[str, Any]
    hosts: list[str] = field(default_factory=list)

    @property
    def name(self) -> str:
        return str(self.body["template"])


class Content:
    """The methods by which it is brought, changed and taken away."""

    def __init__(self, server: ZabbixServer) -> None:
        self._server = server
        self.templates: list[Template] = []
        self.user_groups = dict(USER_GROUPS)
        self.methods = {
            "configuration.importcompare": self._compare,
            "configuration.import": self._import,
            "template.get": self._get_templates,
            "template.delete": self._delete_templates,
            "host.massadd": self._link,
            "host.massremove": self._unlink,
            "usergroup.get": self._get_user_groups,
            "script.create": self._create_script,
            "script.update": self._update_script,
            "script.delete": self._delete_scripts,
            "action.create": self._create_action,
            "action.delete": self._delete_actions,
        }

    def _compare(self, parameters: Any, caller: Caller) -> Any:
        changes: dict[str, list[Row]] = {"added": [], "updated": []}
        for body in _source(parameters):
            known = next((one.body for one in self.templates if one.body["uuid"] == body["uuid"]), None)
            if known is None:
                changes["added"].append(_added(body))
            elif difference := _updated(known, body):
                changes["updated"].append(difference)
        found = {word: ones for word, ones in changes.items() if ones}
        return {"templates": found} if found else []

    def _import(self, parameters: Any, caller: Caller) -> Any:
        for body in _source(parameters):
            known = next((one for one in self.templates if one.body["uuid"] == body["uuid"]), None)
            if known is None:
                self.templates.append(Template(self._server.id("host", 10559), body))
                continue
            hosts = [host for host in self._server.hosts if host.hostid in known.hosts]
            for host in hosts:
                self._forget(known, host)
            known.body = body
            for host in hosts:
                self._watch(known, host)
        return True

    def _get_templates(self, parameters: Any, caller: Caller) -> Any:
        wanted = (parameters.get("filter") or {}).get("host")
        found = []
        for one in self.templates:
            if wanted is None or one.name in wanted:
                row = {"templateid": one.templateid, "host": one.name, "name": one.name}
                shown = chosen(row, parameters.get("output"), "templateid")
                if "selectHosts" in parameters:
                    shown["hosts"] = [{"hostid": id} for id in one.hosts]
                found.append(shown)
        return found

    def _template(self, id: Any) -> Template:
        template: Template = by_number(self.templates, "templateid", id)
        return template

    def _delete_templates(self, parameters: Any, caller: Caller) -> Any:
        for one in [self._template(id) for id in parameters]:
            for host in list(self._hosts(one.hosts)):
                self._forget(one, host)
            self.templates.remove(one)
        return {"templateids": list(parameters)}

    def _hosts(self, ids: list[str]) -> Iterator[Host]:
        for id in ids:
            yield by_number(self._server.hosts, "hostid", id)

    def _link(self, parameters: Any, caller: Caller) -> Any:
        ids = [str(one["hostid"]) for one in parameters.get("hosts", [])]
        hosts = list(self._hosts(ids))
        for given in parameters.get("templates", []):
            template = self._template(given["templateid"])
            for host in hosts:
                if host.hostid not in template.hosts:
                    template.hosts.append(host.hostid)
                    self._watch(template, host)
        return {"hostids": ids}

    def _unlink(self, parameters: Any, caller: Caller) -> Any:
        ids = [str(id) for id in parameters.get("hostids", [])]
        wanted = [str(id) for id in parameters.get("templateids_clear", [])]
        for template in [one for one in self.templates if one.templateid in wanted]:
            for host in self._hosts(ids):
                if host.hostid in template.hosts:
                    template.hosts.remove(host.hostid)
                    self._forget(template, host)
        return {"hostids": ids}

    def _watch(self, template: Template, host: Host) -> None:
        """The host gets the template's items and triggers."""
        server = self._server
        agent = next((one for one in server.triggers if one.host is host and one.agent), None)
        for given in template.body.get("items", []):
            item = Item(
                server.id("item", 44520),
                host,
                given["name"],
                given["key"],
                "",
                clock=int(server.fabric.now()),
            )
            item.template = template.templateid
            if given["key"].startswith(ANSWER):
                item.every, item.clock = int(given["delay"].rstrip("s")), 0
            server.items.append(item)
            for one in given.get("triggers", []):
                tags = {tag["tag"]: tag["value"] for tag in one.get("tags", [])}
                component = tags.get("component", "")
                text = one["name"].replace("{HOST.NAME}", host.name)
                priority = PRIORITIES[one.get("priority", "NOT_CLASSIFIED")]
                trigger = Trigger(
                    server.id("trigger", 23133), host, item, text, priority, tags, depends=agent, samples=2,
                    sampled=component in SAMPLED,
                )  # fmt: skip
                trigger.template = template.templateid
                if trigger.sampled:
                    item.what = SERVICES.get(component, component)
                server.triggers.append(trigger)

    def _forget(self, template: Template, host: Host) -> None:
        server = self._server
        for trigger in [
            one for one in server.triggers if one.host is host and one.template == template.templateid
        ]:
            server.resolve(trigger)
            server.triggers.remove(trigger)
        server.items = [
            one for one in server.items if one.host is not host or one.template != template.templateid
        ]

    def _get_user_groups(self, parameters: Any, caller: Caller) -> Any:
        wanted = (parameters.get("filter") or {}).get("name")
        rows = [{"usrgrpid": id, "name": name} for id, name in self.user_groups.items()]
        return [row for row in rows if wanted is None or row["name"] in wanted]

    def _create_script(self, parameters: Any, caller: Caller) -> Any:
        name = str(parameters.get("name", ""))
        if any(one.name == name for one in self._server.scripts):
            raise RpcError(-32602, f'Script "{name}" already exists.')
        command, scope = str(parameters.get("command", "")), int(parameters.get("scope", 2))
        script = Script(self._server.id("script", 4), name, command, _service(command), scope)
        self._server.scripts.append(script)
        return {"scriptids": [script.scriptid]}

    def _update_script(self, parameters: Any, caller: Caller) -> Any:
        script = by_number(self._server.scripts, "scriptid", parameters.get("scriptid"))
        script.name = str(parameters.get("name", script.name))
        script.command = str(parameters.get("command", script.command))
        script.scope, script.service = int(parameters.get("scope", script.scope)), _service(script.command)
        return {"scriptids": [script.scriptid]}

    def _delete_scripts(self, parameters: Any, caller: Caller) -> Any:
        for script in [by_number(self._server.scripts, "scriptid", id) for id in parameters]:
            users = [one.name for one in self._server.actions if one.script is script]
            if users:
                text = (
                    f'Cannot delete scripts. Script "{script.name}" is used in action operation "{users[0]}".'
                )
                raise RpcError(-32500, text)
            self._server.scripts.remove(script)
        return {"scriptids": list(parameters)}

    def _create_action(self, parameters: Any, caller: Caller) -> Any:
        name = str(parameters.get("name", ""))
        if any(one.name == name for one in self._server.actions):
            raise RpcError(-32602, f'Action "{name}" already exists.')
        conditions = (parameters.get("filter") or {}).get("conditions") or []
        action = Action(
            self._server.id("action", 7), name, str(conditions[0]["value"]) if conditions else "",
            self._script(parameters["operations"]),
        )  # fmt: skip
        self._server.actions.append(action)
        self.change(action, parameters)
        return {"actionids": [action.actionid]}

    def _script(self, operations: Any) -> Script:
        commands = [one["opcommand"]["scriptid"] for one in operations if "opcommand" in one]
        script: Script = by_number(self._server.scripts, "scriptid", commands[0] if commands else None)
        return script

    def change(self, action: Action, given: Mapping[str, Any]) -> None:
        """What `action.update` changes."""
        if "status" in given:
            action.enabled = str(given["status"]) == "0"
        action.name = str(given.get("name", action.name))
        if "operations" in given:
            action.script = self._script(given["operations"])
            action.messages = [_message(one) for one in given["operations"] if "opmessage_grp" in one]

    def _delete_actions(self, parameters: Any, caller: Caller) -> Any:
        for action in [by_number(self._server.actions, "actionid", id) for id in parameters]:
            self._server.actions.remove(action)
        return {"actionids": list(parameters)}


def _message(operation: Mapping[str, Any]) -> tuple[str, str]:
    """The step of a message, and the user group that it goes to."""
    return str(operation["esc_step_from"]), str(operation["opmessage_grp"][0]["usrgrpid"])


def _service(command: str) -> str:
    """The service that a command starts again: its last word."""
    word = command.split()[-1] if command else ""
    return SERVICES.get(word, word)


def _source(parameters: Any) -> list[dict[str, Any]]:
    """The templates of an import."""
    if parameters.get("format") != "json":
        raise RpcError(-32602, 'Invalid parameter "/format": value must be one of "json".')
    try:
        export = json.loads(parameters["source"])["zabbix_export"]
    except (ValueError, KeyError, TypeError):
        raise RpcError(-32602, "Cannot read JSON: syntax error.") from None
    return list(export.get("templates", []))


def _plain(body: Mapping[str, Any]) -> Row:
    return {key: value for key, value in body.items() if key not in PARTS}


def _added(body: Mapping[str, Any]) -> Row:
    inner = {part: {"added": [_added(one) for one in body[part]]} for part in PARTS if body.get(part)}
    return {"after": _plain(body), **inner}


def _updated(before: Mapping[str, Any], after: Mapping[str, Any]) -> Row:
    """How one thing differs from another; empty when it does not."""
    inner: Row = {}
    for part in PARTS:
        old = {one["uuid"]: one for one in before.get(part, [])}
        new = {one["uuid"]: one for one in after.get(part, [])}
        changes = {
            "added": [_added(one) for uuid, one in new.items() if uuid not in old],
            "removed": [{"before": _plain(one)} for uuid, one in old.items() if uuid not in new],
            "updated": [
                row for uuid, one in new.items() if uuid in old and (row := _updated(old[uuid], one))
            ],
        }
        if kept := {word: ones for word, ones in changes.items() if ones}:
            inner[part] = kept
    if not inner and _plain(before) == _plain(after):
        return {}
    return {"before": _plain(before), "after": _plain(after), **inner}
