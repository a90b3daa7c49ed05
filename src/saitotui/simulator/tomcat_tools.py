"""What a JDK's tools show of a simulated Tomcat's JVM, on its machine."""

from __future__ import annotations

from collections.abc import Sequence

from saitotui.simulator.tomcat_cluster import Tomcat, TomcatCluster
from saitotui.simulator.tomcat_jmx import used_heap
from saitotui.simulator.world import Machine, Printed, Program, World

_CLASSES = (
    ("[B", "java.base@17.0.13", 0.31, 72),
    ("java.lang.String", "java.base@17.0.13", 0.11, 24),
    ("[Ljava.lang.Object;", "java.base@17.0.13", 0.09, 56),
    ("java.util.HashMap$Node", "java.base@17.0.13", 0.08, 32),
    ("[C", "java.base@17.0.13", 0.05, 144),
    ("org.apache.catalina.session.DeltaSession", "", 0.03, 128),
    ("java.lang.Class", "java.base@17.0.13", 0.01, 120),
)
_LEAK = ("shop.cart.Basket$Line", "", 1.0, 48)
"""What a heap is full of that leaks."""


def install(world: World, cluster: TomcatCluster) -> None:
    for name, tomcat in cluster.tomcats.items():
        programs = world.machines[name].programs
        programs |= {
            "stat": _stat(cluster, tomcat, programs.get("stat")),
            "runuser": _runuser,
            "jcmd": _jcmd(cluster, tomcat),
        }


def _pid(tomcat: Tomcat) -> str:
    return str(2000 + tomcat.number)


def _there(cluster: TomcatCluster, tomcat: Tomcat, pid: str) -> bool:
    return pid == _pid(tomcat) and cluster.fabric.serving(tomcat.name) is not None


def _stat(cluster: TomcatCluster, tomcat: Tomcat, ordinary: Program | None) -> Program:
    """Whose process it is; of other files `ordinary` knows."""

    def run(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        file = words[-1]
        if ordinary is not None and not file.startswith("/proc/"):
            return ordinary(machine, words, stdin)
        if not _there(cluster, tomcat, file.removeprefix("/proc/")):
            return Printed(err=f"stat: cannot statx '{file}': No such file or directory\n", status=1)
        return Printed("tomcat\n")

    return run


def _runuser(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
    """runuser(1): -u USER -- PROGRAM ..."""
    rest = list(words[words.index("--") + 1 :])
    program = machine.programs.get(rest[0])
    if program is None:
        return Printed(err=f"runuser: failed to execute {rest[0]}: No such file or directory\n", status=127)
    return program(machine, rest, stdin)


def _jcmd(cluster: TomcatCluster, tomcat: Tomcat) -> Program:
    def run(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        pid, *command = words[1:]
        if not _there(cluster, tomcat, pid):
            return Printed(err=f"java.io.IOException: No such process\n{pid}:\n", status=1)
        if cluster.fabric.hung(tomcat.name):
            return Printed(hangs=True)
        if command[:1] != ["GC.class_histogram"]:
            return Printed(
                f"{pid}:\njava.lang.IllegalArgumentException: Unknown diagnostic command\n", status=1
            )
        return Printed(f"{pid}:\n{_histogram(cluster, tomcat)}")

    return run


def _histogram(cluster: TomcatCluster, tomcat: Tomcat) -> str:
    used = used_heap(cluster, tomcat)
    leaked = used * tomcat.pressure
    shares = [(name, module, share * (used - leaked), size) for name, module, share, size in _CLASSES]
    if leaked:
        name, module, share, size = _LEAK
        shares.append((name, module, share * leaked, size))
    rows = sorted(((int(taken / size), size, name, module) for name, module, taken, size in shares),
                  key=lambda row: -row[0] * row[1])  # fmt: skip
    lines = [
        " num     #instances         #bytes  class name (module)",
        "-------------------------------------------------------",
    ]
    for number, (count, size, name, module) in enumerate(rows, 1):
        lines.append(f"{number:>4}: {count:>13} {count * size:>14}  {name}{f' ({module})' if module else ''}")
    objects = sum(row[0] for row in rows)
    lines.append(f"Total {objects:>13} {sum(row[0] * row[1] for row in rows):>14}")
    return "\n".join(lines) + "\n"
