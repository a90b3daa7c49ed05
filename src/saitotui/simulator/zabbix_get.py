"""The `get` methods of Zabbix's API."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from saitotui.simulator import zabbix_rows as rows
from saitotui.simulator.zabbix_fleet import GROUP
from saitotui.simulator.zabbix_rows import Row, chosen, picked, versioned
from saitotui.simulator.zabbix_server import OK_PERIOD, Alert, Host, Problem, Trigger, ZabbixServer

Parameters = Mapping[str, Any]


class Get:
    """Answers `X.get` from a server's state."""

    def __init__(self, server: ZabbixServer) -> None:
        self.server = server
        self.methods: dict[str, Callable[[Parameters], Any]] = {
            "host.get": self.hosts,
            "hostgroup.get": self.groups,
            "hostinterface.get": self.interfaces,
            "item.get": self.items,
            "trigger.get": self.triggers,
            "problem.get": self.problems,
            "event.get": self.events,
            "alert.get": self.alerts,
            "action.get": self.actions,
            "script.get": self.scripts,
            "maintenance.get": self.maintenances,
            "proxy.get": lambda parameters: _end([], parameters, "proxyid"),
        }

    def hosts(self, parameters: Parameters) -> Any:
        found = []
        for host in self._hosts(parameters):
            row = chosen(rows.host(self.server, host), parameters.get("output"), "hostid")
            if "selectInterfaces" in parameters:
                wanted = parameters["selectInterfaces"]
                row["interfaces"] = [chosen(rows.interface(self.server, host), wanted, "interfaceid")]
            if "selectTags" in parameters:
                row["tags"] = rows.tags(host.tags)
            for select, name in (("selectGroups", "groups"), ("selectHostGroups", "hostgroups")):
                if select in parameters and self._knows(select):
                    row[name] = [{"groupid": id, "name": self.server.groups[id]} for id in host.groups]
            found.append((rows.host(self.server, host), row))
        return _finish(found, parameters, "hostid")

    def _knows(self, select: str) -> bool:
        """selectHostGroups came with 6.2, selectGroups went with 7.2; the unknown is silently ignored."""
        version = versioned(self.server.version)
        return version >= (6, 2) if select == "selectHostGroups" else version < (7, 2)

    def _hosts(self, parameters: Parameters) -> list[Host]:
        ids, groups = _ids(parameters, "hostids"), _ids(parameters, "groupids")
        if "group" in parameters:
            groups = {id for id, name in self.server.groups.items() if name == parameters["group"]}
        return [
            host
            for host in self.server.hosts
            if (ids is None or host.hostid in ids)
            and (groups is None or groups & set(host.groups))
            and (host.enabled or not parameters.get("monitored_hosts"))
        ]

    def _host_rows(self, hosts: Sequence[Host], wanted: Any) -> list[Row]:
        return [chosen(rows.host(self.server, host), wanted, "hostid") for host in hosts]

    def groups(self, parameters: Parameters) -> Any:
        found = []
        for id, name in self.server.groups.items():
            row: Row = {"groupid": id, "name": name, "flags": "0", "uuid": ""}
            shown = chosen(row, parameters.get("output"), "groupid")
            if "selectHosts" in parameters:
                inside = [host for host in self.server.hosts if id in host.groups]
                shown["hosts"] = self._host_rows(inside, parameters["selectHosts"])
            found.append((row, shown))
        if self.server.fleet is not None:
            row = self.server.fleet.group()
            found.append((row, row))
        return _finish(found, parameters, "groupid")

    def interfaces(self, parameters: Parameters) -> Any:
        found = []
        for host in self._hosts(parameters):
            row = rows.interface(self.server, host)
            more = (
                {"hosts": self._host_rows([host], parameters["selectHosts"])}
                if "selectHosts" in parameters
                else {}
            )
            found.append((row, chosen(row, parameters.get("output"), "interfaceid") | more))
        if self.server.fleet is not None:
            found += [(row, row) for row in self.server.fleet.interfaces()]
        return _finish(found, parameters, "interfaceid")

    def items(self, parameters: Parameters) -> Any:
        fleet = self.server.fleet
        if fleet is not None and parameters.get("group") == GROUP:
            return fleet.items(parameters, self.server.fabric.now())
        ids, hosts = _ids(parameters, "itemids"), self._hosts(parameters)
        triggers, found = _ids(parameters, "triggerids"), []
        if triggers is not None:
            ids = {one.item.itemid for one in self.server.triggers if one.triggerid in triggers}
        for item in self.server.items:
            if item.host not in hosts or (ids is not None and item.itemid not in ids):
                continue
            if parameters.get("monitored") and not (item.enabled and item.host.enabled):
                continue
            row = rows.item(self.server, item)
            shown = chosen(row, parameters.get("output"), "itemid")
            if "selectHosts" in parameters:
                shown["hosts"] = self._host_rows([item.host], parameters["selectHosts"])
            found.append((row, shown))
        return _finish(found, parameters, "itemid")

    def triggers(self, parameters: Parameters) -> Any:
        ids, hosts, now = _ids(parameters, "triggerids"), self._hosts(parameters), self.server.fabric.now()
        found = []
        for trigger in self.server.triggers:
            if trigger.host not in hosts or (ids is not None and trigger.triggerid not in ids):
                continue
            if parameters.get("only_true") and not (trigger.value or now - trigger.lastchange < OK_PERIOD):
                continue
            if (parameters.get("active") or parameters.get("monitored")) and not trigger.enabled:
                continue
            if parameters.get("skipDependent") and trigger.depends is not None and trigger.depends.value:
                continue
            row = rows.trigger(trigger)
            found.append((row, self._trigger(trigger, row, parameters)))
        return _finish(found, parameters, "triggerid")

    def _trigger(self, trigger: Trigger, row: Row, parameters: Parameters) -> Row:
        shown = chosen(row, parameters.get("output"), "triggerid")
        if "selectHosts" in parameters:
            shown["hosts"] = self._host_rows([trigger.host], parameters["selectHosts"])
        if "selectTags" in parameters:
            shown["tags"] = rows.tags(trigger.tags)
        if "selectDependencies" in parameters:
            above = [trigger.depends] if trigger.depends else []
            wanted = parameters["selectDependencies"]
            shown["dependencies"] = [chosen(rows.trigger(one), wanted, "triggerid") for one in above]
        if "selectLastEvent" in parameters:
            last = next((one for one in reversed(self.server.problems) if one.trigger is trigger), None)
            wanted = parameters["selectLastEvent"]
            shown["lastEvent"] = chosen(rows.event(last), wanted, "eventid") if last else []
        return shown

    def problems(self, parameters: Parameters) -> Any:
        now = self.server.fabric.now()
        held = [
            problem
            for problem in self._of_hosts(parameters)
            if problem.open or (parameters.get("recent") and now - problem.r_clock < OK_PERIOD)
        ]
        found = []
        for problem in held:
            row = rows.problem(problem)
            found.append((row, self._shown(problem, row, parameters, event=False)))
        return _finish(found, parameters, "eventid")

    def events(self, parameters: Parameters) -> Any:
        """Problem events (value 1), and those that resolved them (value 0)."""
        ids = _ids(parameters, "eventids")
        everywhere = {**parameters, "eventids": None}
        found: list[tuple[Row, Row]] = []
        for problem in self._of_hosts(everywhere):
            for row in [rows.event(problem)] + ([] if problem.open else [rows.recovery(problem)]):
                if ids is None or row["eventid"] in ids:
                    found.append((row, self._shown(problem, row, parameters, event=True)))
        return _finish(found, parameters, "eventid")

    def _of_hosts(self, parameters: Parameters) -> list[Problem]:
        hosts, ids, objects = (
            self._hosts(parameters),
            _ids(parameters, "eventids"),
            _ids(parameters, "objectids"),
        )
        since, till = int(parameters.get("time_from") or 0), int(parameters.get("time_till") or 1 << 60)
        severities = _ids(parameters, "severities")
        return [
            problem
            for problem in self.server.problems
            if problem.trigger.host in hosts
            and (ids is None or problem.eventid in ids)
            and (objects is None or problem.trigger.triggerid in objects)
            and since <= problem.clock <= till
            and (severities is None or str(problem.severity) in severities)
            and ("suppressed" not in parameters or bool(parameters["suppressed"]) == bool(problem.suppressed))
            and ("acknowledged" not in parameters or bool(parameters["acknowledged"]) == problem.acknowledged)
            and _tagged(problem, parameters.get("tags") or [])
        ]

    def _shown(self, problem: Problem, row: Row, parameters: Parameters, event: bool) -> Row:
        """A row of a problem or an event, with what was asked beside it."""
        shown = chosen(row, parameters.get("output"), "eventid")
        if "selectTags" in parameters:
            shown["tags"] = rows.tags({**problem.trigger.tags, **problem.trigger.host.tags})
        if "selectSuppressionData" in parameters:
            shown["suppression_data"] = rows.suppression(self.server, problem)
        for select in ("selectAcknowledges", "select_acknowledges"):
            if select in parameters and self._underscored(select):
                wanted = parameters[select]
                shown["acknowledges"] = [chosen(one, wanted, "") for one in rows.acknowledges(problem)]
        return shown | self._event(problem, parameters) if event else shown

    def _underscored(self, select: str) -> bool:
        """The names with an underscore are gone from 7.2 on."""
        return "_" not in select or versioned(self.server.version) < (7, 2)

    def _event(self, problem: Problem, parameters: Parameters) -> Row:
        more: Row = {}
        if "selectHosts" in parameters:
            more["hosts"] = self._host_rows([problem.trigger.host], parameters["selectHosts"])
        if "selectRelatedObject" in parameters:
            more["relatedObject"] = rows.trigger(problem.trigger)
        for select in ("selectAlerts", "select_alerts"):
            if select in parameters and self._underscored(select):
                alerts = [alert for alert in self.server.alerts if alert.problem is problem]
                more["alerts"] = [{**rows.alert(alert), "mediatypes": []} for alert in alerts]
        return more

    def alerts(self, parameters: Parameters) -> Any:
        hosts = self._hosts(parameters)
        events, actions = _ids(parameters, "eventids"), _ids(parameters, "actionids")
        since, till = int(parameters.get("time_from") or 0), int(parameters.get("time_till") or 1 << 60)

        def wanted(alert: Alert) -> bool:
            return (
                alert.problem.trigger.host in hosts
                and (events is None or alert.problem.eventid in events)
                and (actions is None or alert.action.actionid in actions)
                and since <= alert.clock <= till
            )

        found = []
        for alert in filter(wanted, self.server.alerts):
            row = rows.alert(alert)
            shown = chosen(row, parameters.get("output"), "alertid")
            if "selectHosts" in parameters:
                shown["hosts"] = self._host_rows([alert.problem.trigger.host], parameters["selectHosts"])
            found.append((row, shown))
        return _finish(found, parameters, "alertid")

    def actions(self, parameters: Parameters) -> Any:
        ids, found = _ids(parameters, "actionids"), []
        for action in self.server.actions:
            if ids is not None and action.actionid not in ids:
                continue
            row = rows.action(action)
            shown = chosen(row, parameters.get("output"), "actionid")
            if "selectFilter" in parameters:
                shown["filter"] = rows.action_filter(action)
            if "selectOperations" in parameters:
                shown["operations"] = rows.action_operations(action)
            for select, name in (
                ("selectRecoveryOperations", "recovery_operations"),
                ("selectUpdateOperations", "update_operations"),
            ):
                if select in parameters:
                    shown[name] = []
            found.append((row, shown))
        return _finish(found, parameters, "actionid")

    def scripts(self, parameters: Parameters) -> Any:
        ids = _ids(parameters, "scriptids")
        found = [rows.script(one) for one in self.server.scripts if ids is None or one.scriptid in ids]
        return _end(found, parameters, "scriptid")

    def maintenances(self, parameters: Parameters) -> Any:
        ids, found = _ids(parameters, "maintenanceids"), []
        for one in self.server.maintenances:
            if ids is not None and one.maintenanceid not in ids:
                continue
            row = rows.maintenance(one)
            shown = chosen(row, parameters.get("output"), "maintenanceid")
            hosts = [host for host in self.server.hosts if host.hostid in one.hosts]
            for select, name, value in (
                ("selectHosts", "hosts", self._host_rows(hosts, parameters.get("selectHosts"))),
                ("selectGroups", "groups", []),
                ("selectTimeperiods", "timeperiods", rows.timeperiods(one)),
                ("selectTags", "tags", one.tags),
            ):
                if select in parameters:
                    shown[name] = value
            found.append((row, shown))
        return _finish(found, parameters, "maintenanceid")


def _tagged(problem: Problem, wanted: Sequence[Mapping[str, Any]]) -> bool:
    """Tag filters: `operator` 1 means equal, 0 contains; all of them must match."""
    tags = {**problem.trigger.tags, **problem.trigger.host.tags}
    for one in wanted:
        value, text = tags.get(str(one.get("tag"))), str(one.get("value", ""))
        if value is None or (value != text if str(one.get("operator", "0")) == "1" else text not in value):
            return False
    return True


def _ids(parameters: Parameters, name: str) -> set[str] | None:
    given = parameters.get(name)
    if given is None:
        return None
    return {str(id) for id in (given if isinstance(given, list) else [given])}


def _finish(found: list[tuple[Row, Row]], parameters: Parameters, id: str) -> Any:
    """Filters and sorts by whole rows, and shows the columns that were asked for."""
    shown = {str(row[id]): small for row, small in found}
    kept = [shown[str(row[id])] for row in picked([row for row, _ in found], parameters)]
    if parameters.get("countOutput"):
        return str(len(kept))
    return {str(row[id]): row for row in kept} if parameters.get("preservekeys") else kept


def _end(found: list[Row], parameters: Parameters, id: str) -> Any:
    return _finish([(row, chosen(row, parameters.get("output"), id)) for row in found], parameters, id)
