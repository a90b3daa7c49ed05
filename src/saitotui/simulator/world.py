"""The world: machines, what runs on them, the parts that give it consequences, and the faults that hit it."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from saitotui.simulator.clock import Clock

Program: TypeAlias = "Callable[[Machine, Sequence[str], str], Printed]"
"""A program: the machine it runs on, its arguments (its name first), standard input; what it prints."""

Content: TypeAlias = "str | Callable[[], str | None]"
"""A file's content, or what computes it when it is read."""

BOOT_SECONDS = 20.0
"""From power on until a machine's services run."""


@dataclass(frozen=True, slots=True)
class Printed:
    """What a program did: standard output, standard error, exit status. `hangs`: it never ends."""

    out: str = ""
    err: str = ""
    status: int = 0
    hangs: bool = False


def ignoring(function: Callable[[Sequence[str]], Printed]) -> Program:
    """A program that needs neither its machine nor standard input."""

    def run(machine: Machine, words: Sequence[str], stdin: str) -> Printed:
        return function(words)

    return run


@dataclass
class Machine:
    """A computer. `up` is when it can do anything: powered, booted, not hung."""

    name: str
    kind: str
    """`physical` or `guest`."""
    address: str
    """Where others see it, in the simulated network."""
    ssh_port: int = 22
    """Where its SSH server listens: on loopback each has its own."""
    powered: bool = True
    booted: bool = True
    hung: bool = False
    cut: bool = False
    """Nothing passes between it and the rest of the world."""
    mtu: int = 1500
    """Octets of the largest packet that its network takes."""
    disk_full: bool = False
    clock_offset: float = 0.0
    boot_at: float = 0.0
    begun: int = 0
    """How often it has begun to boot."""
    memory: int = 16 << 30
    cores: int = 8
    load: float = 0.3
    services: dict[str, str] = field(default_factory=dict)
    """`running`, `stopped` or `hung`, by unit name."""
    masked: set[str] = field(default_factory=set)
    """Units that nobody can start."""
    files: dict[str, Content] = field(default_factory=dict)
    rescued: bool = False
    """It runs a rescue system, with a host key of its own."""
    logins: list[tuple[float, str, str]] = field(default_factory=list)
    """Who logged in: when (UTC seconds), and from where."""
    locks: set[str] = field(default_factory=set)
    """Files on which somebody holds a lock (flock(1))."""
    programs: dict[str, Program] = field(default_factory=dict)

    @property
    def up(self) -> bool:
        return self.powered and self.booted and not self.hung

    @property
    def reachable(self) -> bool:
        """Whether a packet from outside gets an answer from its kernel."""
        return self.powered and self.booted and not self.cut

    def runs(self, service: str) -> bool:
        """Whether a service does its work: a hung one does not."""
        return self.up and self.services.get(service) == "running"

    def read(self, path: str) -> str | None:
        """A file's content; None when there is no such file."""
        content = self.files.get(path)
        return content() if callable(content) else content


def octets(content: str) -> bytes:
    """What a file with this content has on its disk."""
    return content.encode("utf-8", "surrogateescape")


def text_of(content: bytes) -> str:
    """What is on a disk, as the content of a file."""
    return content.decode("utf-8", "surrogateescape")


class Part(Protocol):
    """A subsystem: the database pair, the cluster, ... It is told when machines change and acts on it."""

    @property
    def name(self) -> str: ...

    def changed(self, machine: Machine) -> None:
        """Power, network, hang or a service of `machine` changed."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A kind of trouble: `inject(target)` makes it, `heal(target)` undoes it; both give a sentence."""

    name: str
    summary: str
    targets: Callable[[], Sequence[str]]
    inject: Callable[[str], str]
    heal: Callable[[str], str]


class World:
    """Everything there is. The same seed and the same faults make the same history."""

    def __init__(self, clock: Clock, seed: int = 1) -> None:
        self.clock = clock
        self.random = random.Random(seed)
        self.machines: dict[str, Machine] = {}
        self.parts: dict[str, Part] = {}
        self.faults: dict[str, Fault] = {}
        self.injected: list[tuple[str, str]] = []
        self.log: list[tuple[float, str]] = []
        self.watchers: list[Callable[[Machine], None]] = []
        """Told of every change after the parts: the doors of servers."""
        self._cuts: set[frozenset[str]] = set()
        _basic_faults(self)

    def add(self, machine: Machine) -> Machine:
        machine.boot_at = self.clock.now() - 86_400 * 12
        self.machines[machine.name] = machine
        return machine

    def join(self, part: Part) -> None:
        self.parts[part.name] = part

    def note(self, sentence: str) -> None:
        """Remembers what happened."""
        self.log.append((self.clock.now(), sentence))

    def changed(self, machine: Machine) -> None:
        """Tells everybody that something about `machine` changed."""
        for part in list(self.parts.values()):
            part.changed(machine)
        for watcher in list(self.watchers):
            watcher(machine)

    def connected(self, a: str, b: str) -> bool:
        """Whether packets pass between two machines: both alive, neither cut off, no cut between them."""
        one, other = self.machines[a], self.machines[b]
        if a == b:
            return one.powered
        return one.reachable and other.reachable and frozenset((a, b)) not in self._cuts

    def cut_between(self, a: str, b: str) -> None:
        self._cuts.add(frozenset((a, b)))
        self._both_changed(a, b)

    def join_between(self, a: str, b: str) -> None:
        self._cuts.discard(frozenset((a, b)))
        self._both_changed(a, b)

    def _both_changed(self, a: str, b: str) -> None:
        for name in (a, b):
            self.changed(self.machines[name])

    def power_off(self, name: str) -> None:
        """The plug is pulled."""
        machine = self.machines[name]
        if machine.powered:
            machine.powered = machine.booted = machine.hung = False
            self.note(f"{name} lost power")
            self.changed(machine)

    def power_on(self, name: str, boot: float = BOOT_SECONDS) -> None:
        """The button is pressed; services run once it has booted."""
        machine = self.machines[name]
        if machine.powered:
            return
        machine.powered, machine.booted, machine.hung = True, False, False
        self.note(f"{name} was switched on")
        self.changed(machine)
        self._boot(machine, boot)

    def _boot(self, machine: Machine, seconds: float) -> None:
        begun = machine.begun = machine.begun + 1

        def done() -> None:
            if machine.powered and not machine.booted and machine.begun == begun:
                machine.booted, machine.boot_at = True, self.clock.now()
                for service in machine.services:
                    own = machine.rescued and service != "ssh"
                    machine.services[service] = "stopped" if own else "running"
                self.changed(machine)

        if seconds > 0:
            self.clock.call_later(seconds, done)
        else:
            done()

    def reset(self, name: str) -> None:
        """Power off and on at once: a watchdog, a reset button."""
        self.power_off(name)
        self.power_on(name)

    def reboot(self, name: str) -> None:
        """Its kernel ends at once and begins anew. A guest's power stays; with a physical machine goes what
        runs on it."""
        machine = self.machines[name]
        if machine.kind == "physical":
            self.reset(name)
        elif machine.powered:
            machine.booted = machine.hung = False
            self.note(f"{name} ended at once, and boots")
            self.changed(machine)
            self._boot(machine, BOOT_SECONDS)

    def service(self, name: str, unit: str, state: str) -> None:
        """Sets the state of a machine's service: `running`, `stopped` or `hung`."""
        machine = self.machines[name]
        if machine.services.get(unit) != state:
            machine.services[unit] = state
            self.note(f"{unit} on {name} is {state}")
            self.changed(machine)

    def inject(self, fault: str, target: str) -> str:
        """Makes trouble; ValueError with a sentence when there is no such fault or target."""
        kind = self.faults.get(fault)
        if kind is None:
            raise ValueError(f"there is no fault {fault!r}; there are: {', '.join(sorted(self.faults))}")
        targets = list(kind.targets())
        if target not in targets:
            raise ValueError(f"{fault} cannot hit {target!r}; it hits: {', '.join(targets)}")
        sentence = kind.inject(target)
        self.injected.append((fault, target))
        return sentence

    def heal(self, target: str = "") -> str:
        """Undoes every injected fault (of `target`), newest first."""
        mended = [(f, t) for f, t in reversed(self.injected) if target in ("", t)]
        if not mended:
            return f"nothing to heal{' on ' + target if target else ''}"
        said = [self.faults[fault].heal(hit) for fault, hit in mended]
        self.injected = [one for one in self.injected if one not in mended]
        return "; ".join(said)

    def fault(
        self,
        name: str,
        summary: str,
        targets: Callable[[], Sequence[str]],
        inject: Callable[[str], str],
        heal: Callable[[str], str],
    ) -> None:
        """Registers a kind of fault."""
        self.faults[name] = Fault(name, summary, targets, inject, heal)


def _basic_faults(world: World) -> None:
    """What can happen to any machine."""

    def machines() -> Sequence[str]:
        return list(world.machines)

    def flag(name: str, attribute: str, on: str, off: str, summary: str) -> None:
        def setter(value: bool, words: str) -> Callable[[str], str]:
            def set_it(target: str) -> str:
                machine = world.machines[target]
                setattr(machine, attribute, value)
                world.note(f"{target} {words}")
                world.changed(machine)
                return f"{target} {words}"

            return set_it

        world.fault(name, summary, machines, setter(True, on), setter(False, off))

    flag(
        "network-cut",
        "cut",
        "is cut off from the network",
        "is on the network again",
        "pull its network cables",
    )

    def narrow(target: str) -> str:
        world.machines[target].mtu = 1400
        return f"packets of more than 1400 octets do not come to {target}"

    def widen(target: str) -> str:
        world.machines[target].mtu = 1500
        return f"whole frames come to {target}"

    world.fault("small-frames", "let large packets to it be lost (MTU)", machines, narrow, widen)
    flag("hung-host", "hung", "hangs", "goes on", "its kernel answers, nothing on it does")
    flag("disk-full", "disk_full", "has no space left", "has space again", "fill its disk")

    def lose(target: str) -> str:
        world.power_off(target)
        return f"{target} lost power"

    def give_back(target: str) -> str:
        world.power_on(target)
        return f"{target} is switched on"

    world.fault("power-loss", "pull its plug", machines, lose, give_back)

    def log_in(target: str) -> str:
        machine = world.machines[target]
        machine.logins.append((world.clock.now(), "kenji", "192.0.2.17"))
        world.changed(machine)
        return f"kenji logged in to {target}"

    world.fault("login", "somebody logs in by hand", machines, log_in, lambda target: f"kenji left {target}")
    _service_faults(world)


def _service_faults(world: World) -> None:
    def services() -> Sequence[str]:
        return [f"{machine.name}/{unit}" for machine in world.machines.values() for unit in machine.services]

    def setter(state: str) -> Callable[[str], str]:
        def set_it(target: str) -> str:
            name, _, unit = target.partition("/")
            world.service(name, unit, state)
            return f"{unit} on {name} is {state}"

        return set_it

    world.fault("service-stop", "stop a service", services, setter("stopped"), setter("running"))
    world.fault("service-hang", "make a service hang", services, setter("hung"), setter("running"))


def targets(names: Mapping[str, object]) -> Callable[[], Sequence[str]]:
    """For faults that hit the things of one part."""
    return lambda: list(names)
