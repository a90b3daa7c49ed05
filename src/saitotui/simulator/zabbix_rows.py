"""A Zabbix server's objects as rows of its API: every value is text, as recorded from 6.0.14."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from saitotui.simulator.zabbix_server import (
    Action,
    Alert,
    Host,
    Item,
    Maintenance,
    Problem,
    Script,
    Trigger,
    ZabbixServer,
    agent_error,
)  # fmt: skip

Row = dict[str, Any]


def versioned(version: str) -> tuple[int, int]:
    """`7.0.5` is (7, 0)."""
    major, minor, *_ = version.split(".")
    return int(major), int(minor)


def tags(found: Mapping[str, str]) -> list[Row]:
    return [{"tag": tag, "value": value} for tag, value in found.items()]


def host(server: ZabbixServer, one: Host) -> Row:
    version = versioned(server.version)
    row: Row = {
        "hostid": one.hostid, "host": one.name, "name": one.name, "status": str(int(not one.enabled)),
        "maintenance_status": str(int(one.maintenanceid != "0")), "maintenance_type": "0",
        "maintenanceid": one.maintenanceid, "maintenance_from": str(one.maintenance_from), "description": "",
        "flags": "0",
    }  # fmt: skip
    if version >= (6, 2):
        row["active_available"] = "0"
    if version >= (7, 0):
        row |= {"proxyid": "0", "monitored_by": "0", "proxy_groupid": "0"}
    else:
        row["proxy_hostid"] = "0"
    return row


def interface(server: ZabbixServer, one: Host) -> Row:
    number = int(one.hostid) - 10544
    return {
        "interfaceid": str(number), "hostid": one.hostid, "main": "1", "type": "1", "useip": "1",
        "ip": one.address, "dns": "", "port": "10050", "available": "2" if one.unavailable else "1",
        "error": agent_error(one) if one.unavailable else "", "errors_from": str(one.errors_from),
        "disable_until": str(int(server.fabric.now()) + 15) if one.unavailable else "0", "details": [],
    }  # fmt: skip


def item(server: ZabbixServer, one: Item) -> Row:
    value = str(int(one.value)) if one.clock else "0"
    if one.every:
        value = one.text
    elif one.template and not one.what:
        value = server.fabric.said(one.host.name, one.key)
    return {
        "itemid": one.itemid, "hostid": one.host.hostid, "name": one.name, "key_": one.key, "type": "0",
        "status": str(int(not one.enabled)), "state": str(int(bool(one.error))), "error": one.error,
        "lastclock": str(one.clock), "lastns": "605345285", "lastvalue": value, "prevvalue": value,
        "value_type": "3", "units": "", "delay": "5s", "flags": "0",
    }  # fmt: skip


def trigger(one: Trigger) -> Row:
    return {
        "triggerid": one.triggerid, "expression": f"{{{one.item.itemid}}}=0", "description": one.description,
        "url": "", "status": str(int(not one.enabled)), "value": str(one.value),
        "priority": str(one.priority),
        "lastchange": str(one.lastchange), "comments": "", "error": "", "templateid": "0", "type": "0",
        "state": "0", "flags": "0", "recovery_mode": "0", "recovery_expression": "", "correlation_mode": "0",
        "correlation_tag": "", "manual_close": "1", "opdata": "", "event_name": "", "uuid": "",
    }  # fmt: skip


def nanoseconds(clock: float) -> str:
    return str(int(clock % 1 * 1e9))


def problem(one: Problem) -> Row:
    return {
        "eventid": one.eventid, "source": "0", "object": "0", "objectid": one.trigger.triggerid,
        "clock": str(int(one.clock)), "ns": nanoseconds(one.clock), "r_eventid": one.r_eventid,
        "r_clock": str(int(one.r_clock)), "r_ns": nanoseconds(one.r_clock), "correlationid": "0",
        "userid": one.userid, "name": one.trigger.description, "acknowledged": str(int(one.acknowledged)),
        "severity": str(one.severity), "opdata": "", "suppressed": str(int(bool(one.suppressed))), "urls": [],
    }  # fmt: skip


def event(one: Problem) -> Row:
    row = problem(one)
    for name in ("r_clock", "r_ns"):
        del row[name]
    return {**row, "value": "1", "c_eventid": "0"}


def recovery(one: Problem) -> Row:
    """The event that resolved a problem."""
    return {
        **event(one), "eventid": one.r_eventid, "value": "0", "clock": str(int(one.r_clock)),
        "ns": nanoseconds(one.r_clock), "r_eventid": "0", "acknowledged": "0", "severity": "0",
        "suppressed": "0",
    }  # fmt: skip


def acknowledges(one: Problem) -> list[Row]:
    return [
        {"acknowledgeid": note.acknowledgeid, "userid": note.userid, "eventid": one.eventid,
         "clock": str(note.clock), "message": note.message, "action": str(note.action),
         "old_severity": str(note.old_severity), "new_severity": str(note.new_severity)}
        for note in one.acknowledges
    ]  # fmt: skip


def suppression(server: ZabbixServer, one: Problem) -> list[Row]:
    held = next((found for found in server.maintenances if found.maintenanceid == one.suppressed), None)
    return [{"maintenanceid": held.maintenanceid, "suppress_until": str(held.till)}] if held else []


def alert(one: Alert) -> Row:
    return {
        "alertid": one.alertid, "actionid": one.action.actionid, "eventid": one.problem.eventid,
        "userid": "0",
        "clock": str(one.clock), "mediatypeid": "0", "sendto": "", "subject": "", "message": one.message,
        "status": str(one.status), "retries": "0", "error": one.error, "esc_step": str(one.step),
        "alerttype": "1", "p_eventid": "0", "acknowledgeid": "0",
    }  # fmt: skip


def action(one: Action) -> Row:
    return {
        "actionid": one.actionid, "name": one.name, "eventsource": "0", "status": str(int(not one.enabled)),
        "esc_period": "60s", "pause_suppressed": "1", "notify_if_canceled": "0",
    }  # fmt: skip


def action_filter(one: Action) -> Row:
    condition = {"conditiontype": "26", "operator": "0", "value": one.tag_value, "value2": "recovery",
                 "formulaid": "A"}  # fmt: skip
    return {"evaltype": "0", "formula": "", "conditions": [condition], "eval_formula": "A"}


def action_operations(one: Action) -> list[Row]:
    number = str(int(one.actionid) + 4)
    told = [_message(one, number, step, group) for step, group in one.messages]
    return [
        {"operationid": number, "actionid": one.actionid, "operationtype": "1", "esc_period": "60s",
         "esc_step_from": "1", "esc_step_to": "3", "evaltype": "0",
         "opconditions": [{"opconditionid": number, "operationid": number, "conditiontype": "14",
                           "operator": "0", "value": "0"}],
         "opcommand": {"scriptid": one.script.scriptid},
         "opcommand_hst": [{"opcommand_hstid": number, "hostid": "0"}], "opcommand_grp": []},
        *told,
    ]  # fmt: skip


def _message(one: Action, number: str, step: str, group: str) -> Row:
    return {
        "operationid": f"{number}1", "actionid": one.actionid, "operationtype": "0", "esc_period": "60s",
        "esc_step_from": step, "esc_step_to": step, "evaltype": "0", "opconditions": [],
        "opmessage": {"default_msg": "1", "subject": "", "message": "", "mediatypeid": "0"},
        "opmessage_grp": [{"usrgrpid": group}], "opmessage_usr": [],
    }  # fmt: skip


def script(one: Script) -> Row:
    return {
        "scriptid": one.scriptid, "name": one.name, "command": one.command, "host_access": "2",
        "usrgrpid": "0", "groupid": "0", "description": "", "confirmation": "", "type": "0",
        "execute_on": "0", "timeout": "30s",
        "scope": str(one.scope), "port": "", "authtype": "0", "username": "", "password": "", "publickey": "",
        "privatekey": "", "menu_path": "", "parameters": [],
    }  # fmt: skip


def maintenance(one: Maintenance) -> Row:
    return {
        "maintenanceid": one.maintenanceid, "name": one.name, "maintenance_type": "0",
        "description": one.description, "active_since": str(one.since), "active_till": str(one.till),
        "tags_evaltype": "0",
    }  # fmt: skip


def timeperiods(one: Maintenance) -> list[Row]:
    return [
        {"timeperiod_type": "0", "every": "1", "month": "0", "dayofweek": "0", "day": "0", "start_time": "0",
         "period": str(one.period), "start_date": str(one.since)}
    ]  # fmt: skip


def chosen(row: Row, output: Any, id: str) -> Row:
    """The columns that were asked for; the id always is among them."""
    if output is None or output == "extend":
        return row
    names = {id, *output} if isinstance(output, list) else {id}  # an id of "" is no column
    return {name: value for name, value in row.items() if name in names}


def picked(
    rows: list[Row], parameters: Mapping[str, Any], key: Callable[[Row], Any] | None = None
) -> list[Row]:
    """filter, search, sortfield, sortorder and limit, as every `get` method knows them."""
    found = rows
    for name, wanted in (parameters.get("filter") or {}).items():
        values = {str(value) for value in (wanted if isinstance(wanted, list) else [wanted])}
        found = [row for row in found if str(row.get(name)) in values]
    for name, wanted in (parameters.get("search") or {}).items():
        text = str(wanted).lower()
        found = [row for row in found if text in str(row.get(name, "")).lower()]
    fields = parameters.get("sortfield") or []
    orders = parameters.get("sortorder") or []
    fields = fields if isinstance(fields, list) else [fields]
    orders = orders if isinstance(orders, list) else [orders] * len(fields)
    for at, name in reversed(list(enumerate(fields))):
        down = at < len(orders) and orders[at] == "DESC"
        found = sorted(found, key=lambda row: _natural(row.get(name, "")), reverse=down)
    limit = parameters.get("limit")
    return found[: int(limit)] if limit else found


def _natural(value: Any) -> tuple[int, int, str]:
    text = str(value)
    return (0, int(text), "") if text.isdigit() else (1, 0, text)
