"""Tomcat's JMX proxy (`/manager/jmxproxy/?qry=...` and `?get=...`), from beans recorded on Tomcat 10.1.

The recorded text is in `tomcat_beans.txt`, with `@NAME@` where a figure of this simulation goes.
"""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from saitotui.simulator.pve_load import wave
from saitotui.simulator.tomcat_cluster import App, Tomcat, TomcatCluster

HEAP = 2 << 30
MAX_THREADS = 200


@cache
def templates() -> dict[str, str]:
    """The recorded beans by name."""
    text = (Path(__file__).parent / "tomcat_beans.txt").read_text(encoding="utf-8")
    parts = re.split(r"(?m)^## (\w+)\n", text)[1:]
    return {name: body.rstrip("\n") for name, body in zip(parts[::2], parts[1::2], strict=True)}


def used_heap(cluster: TomcatCluster, tomcat: Tomcat) -> int:
    """Bytes."""
    share = wave(tomcat.name + "h", cluster.fabric.now(), 0.28, 0.46, 47) + tomcat.pressure
    return int(HEAP * min(0.985, share))


class Jmx:
    """The beans of one Tomcat."""

    def __init__(self, cluster: TomcatCluster, tomcat: Tomcat) -> None:
        self._cluster, self._tomcat = cluster, tomcat

    def query(self, pattern: str) -> str:
        """The beans whose object name matches `pattern` (`*:*` for all)."""
        found = [text for name, text in self._beans() if _matches(pattern, name)]
        return f"OK - Number of results: {len(found)}\n\n" + "".join(f"{text}\n\n" for text in found)

    def get(self, query: Mapping[str, str]) -> str:
        """One attribute (`att`), or one `key` of a composite one."""
        name, attribute, key = query.get("get", ""), query.get("att", ""), query.get("key", "")
        text = dict(self._beans()).get(name)
        if text is None:
            problem = f"javax.management.InstanceNotFoundException: {name}"
            return f"Error - {problem}\n{problem}\n"
        values = dict(line.partition(": ")[::2] for line in text.splitlines() if ": " in line)
        if attribute not in values:
            problem = f"javax.management.AttributeNotFoundException:  Cannot find attribute [{attribute}]"
            return f"Error - {problem}\n{problem}\n"
        value = values[attribute]
        if key:
            parts = dict(part.partition("=")[::2] for part in value.strip("{}").split(", "))
            return f"OK - Attribute get '{name}' - {attribute} - key '{key}' = {parts.get(key, '')}\n"
        return f"OK - Attribute get '{name}' - {attribute} = {value}\n"

    def _beans(self) -> Iterator[tuple[str, str]]:
        for text in self._texts():
            yield text.partition("\n")[0].removeprefix("Name: "), text

    def _texts(self) -> Iterator[str]:
        yield self._fill("STANDARD_MANAGER", {})
        for app in sorted(self._tomcat.apps.values(), key=lambda app: app.name):
            figures = self._app(app)
            if app.running:
                yield self._fill("DELTA_MANAGER", figures)
            yield self._fill("WEB_MODULE", figures)
        yield from self._members()
        for name in ("CONNECTOR", "THREAD_POOL", "REQUESTS", "MEMORY", "METASPACE", "THREADING", "SYSTEM",
                     "RUNTIME", "HOST", "DEPLOYER", "REPLICATION_VALVE"):  # fmt: skip
            yield self._fill(name, self._figures())
        for name in templates():
            if name.startswith("CHANNEL"):
                yield self._fill(name, {})

    def _members(self) -> Iterator[str]:
        yield self._fill("CLUSTER", {})
        tomcats = self._cluster.tomcats
        for name in sorted({self._tomcat.name, *self._tomcat.members}):
            local = "true" if name == self._tomcat.name else "false"
            yield self._fill("MEMBER", {"MEMBER": tomcats[name].address, "LOCAL": local})

    def _fill(self, name: str, figures: Mapping[str, object]) -> str:
        base = {
            "ADDRESS": self._tomcat.address,
            "ROUTE": self._tomcat.name,
            "NUMBER": self._tomcat.number,
            **figures,
        }
        return re.sub(r"@([A-Z]+)@", lambda found: str(base.get(found[1], found[0])), templates()[name])

    def _app(self, app: App) -> dict[str, object]:
        return {
            "VERSION": app.version, "STATE": "STARTED" if app.running else "STOPPED",
            "SESSIONS": len(app.sessions), "COUNTER": app.created + app.copied, "MAX": app.most,
            "SENT": self._tomcat.sent, "RECEIVED": self._tomcat.received, "CREATED": app.created,
            "COPIED": app.copied, "EXPIRED": app.expired, "REQUESTS": app.requests, "ERRORS": app.errors,
            "TIME": app.requests * 14, "MAXTIME": 180 if app.requests else 0,
            "START": int(app.started * 1000),
        }  # fmt: skip

    def _figures(self) -> dict[str, object]:
        tomcat, now = self._tomcat, self._cluster.fabric.now()
        users = int(wave(tomcat.name + "t", now, 0, 9)) if tomcat.led else 0
        busy = min(MAX_THREADS, 1 + users + tomcat.slow_threads)
        threads = max(10, busy)
        since, used = tomcat.since or now, used_heap(self._cluster, tomcat)
        module = "\tCatalina:j2eeType=WebModule,name=//localhost{},J2EEApplication=none,J2EEServer=none"
        names = [*sorted(app.name for app in tomcat.apps.values()), "/manager"]
        modules = [module.format(name) for name in names]
        return {
            "BUSY": busy, "CONNECTIONS": 20 + busy, "THREADS": threads, "IDLE": 18, "PEAK": threads + 24,
            "MAXTIME": 545 if tomcat.requests else 0, "REQUESTS": tomcat.requests,
            "ERRORS": tomcat.errors, "TIME": tomcat.requests * 14, "IN": tomcat.requests * 140,
            "OUT": tomcat.requests * 5200,
            "HEAP": f"{{committed={HEAP}, init={HEAP // 8}, max={HEAP}, used={used}}}",
            "NONHEAP": "{committed=98566144, init=2555904, max=369098752, used=91750400}",
            "FILES": 180 + busy, "CPU": round(wave(tomcat.name, now, 0.02, 0.2), 4),
            "LOAD": round(wave(tomcat.name + "l", now, 0.2, 1.6), 2),
            "UPTIME": int((now - since) * 1000), "START": int(since * 1000), "PID": 2000 + tomcat.number,
            "COUNT": len(modules), "MODULES": "\n".join(modules),
        }  # fmt: skip


def _matches(pattern: str, name: str) -> bool:
    """JMX's object name patterns: `domain:key=value,...,*`; keys in any order, `*` and `?` in values."""
    domain, _, keys = pattern.partition(":")
    its_domain, _, its_keys = name.partition(":")
    if not fnmatch.fnmatchcase(its_domain, domain or "*"):
        return False
    wanted = [part for part in _split(keys or "*") if part]
    its = dict(part.partition("=")[::2] for part in _split(its_keys))
    more = "*" in wanted
    pairs = dict(part.partition("=")[::2] for part in wanted if part != "*")
    if not more and set(pairs) != set(its):
        return False
    return all(key in its and _like(its[key], value) for key, value in pairs.items())


def _like(value: str, pattern: str) -> bool:
    return fnmatch.fnmatchcase(value, pattern.replace("[", "[[]"))


def _split(keys: str) -> list[str]:
    """Splits at commas outside quotes."""
    return re.findall(r'(?:[^,"]|"[^"]*")+', keys)
