"""The storage pair for developers: python -m tests.lab.storage up | status | ssh HOST [COMMAND] | ...

`up` starts the pair and holds it until it is interrupted or told `down`; the others speak to it. `run` runs a
program, the console too, in the pair's network (`run .venv/bin/saitotui --profile PROFILE`).
"""

from __future__ import annotations

import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.lab.host import LabError
from tests.lab.storage.network import BACK, FRONT, Network
from tests.lab.storage.pair import CACHE, StoragePair
from tests.lab.storage.profile import NODES

RUNNING = CACHE / "running.json"


def up(manager: str = "heartbeat") -> int:
    if os.geteuid() != 0:
        return _refuse("the lab needs root")
    with tempfile.TemporaryDirectory(prefix="saitotui-lab-") as name, Network() as network:
        pair = StoragePair(Path(name), network, manager)
        print("starting, this takes about a minute", flush=True)
        with pair, socket.socket(socket.AF_UNIX) as door:
            door.bind(f"{name}/door")
            door.listen()
            known = {"folder": name, "namespace": network.namespace, "profile": str(pair.profile)}
            RUNNING.write_text(json.dumps(known), "utf-8")
            print(f"up; the console's profile is {pair.profile}", flush=True)
            try:
                _serve(pair, door)
            except KeyboardInterrupt:
                pass
            finally:
                RUNNING.unlink()
    return 0


def _serve(pair: StoragePair, door: socket.socket) -> None:
    """Does what others ask for, one line each, until it is told `down`."""
    while True:
        caller, _ = door.accept()
        with caller, caller.makefile("rw", encoding="utf-8") as line:
            words = line.readline().split()
            if words == ["down"]:
                return
            try:
                print(_do(pair, words), file=line, flush=True)
            except (LabError, KeyError, IndexError) as error:
                print(f"not done: {error}", file=line, flush=True)


def _do(pair: StoragePair, words: list[str]) -> str:
    verb, *rest = words
    orders: Mapping[str, Callable[[str], object]] = {
        "kill": lambda name: pair.hosts[name].power_off(),
        "boot": pair.power_on,
        "freeze": lambda name: pair.hosts[name].freeze(),
        "thaw": lambda name: pair.hosts[name].thaw(),
        "cut": pair.cut,
        "join": pair.join,
    }
    if verb == "status":
        return "\n".join(f"{name}: {pair.state(name) or 'silent'}" for name in NODES)
    if verb in ("cut", "join") and rest[0] not in (FRONT, BACK):
        return f"not done: {rest[0]} is neither {FRONT} nor {BACK}"
    orders[verb](rest[0])
    return "done"


def _tell(words: list[str]) -> int:
    known = _known()
    with socket.socket(socket.AF_UNIX) as door:
        door.connect(f"{known['folder']}/door")
        door.sendall((" ".join(words) + "\n").encode())
        door.shutdown(socket.SHUT_WR)
        print(door.makefile().read().strip() or "done")
    return 0


def _known() -> dict[str, str]:
    if not RUNNING.exists():
        sys.exit(_refuse("no pair runs: python -m tests.lab.storage up"))
    found: dict[str, str] = json.loads(RUNNING.read_text("utf-8"))
    return found


def _enter(command: list[str]) -> int:
    known = _known()
    os.execvp("nsenter", ["nsenter", f"--net={known['namespace']}", "--", *command])


def _ssh(name: str, command: list[str]) -> int:
    folder = Path(_known()["folder"])
    address = (folder / name / "address").read_text("ascii")
    options = ["-i", str(folder / "client_key"), "-o", f"UserKnownHostsFile={folder / name / 'known_hosts'}"]
    return _enter(["ssh", *options, f"root@{address}", *command])


def _refuse(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


def main(words: list[str]) -> int:
    match words:
        case ["up"] | ["up", "heartbeat" | "pacemaker"]:
            return up(*words[1:])
        case ["ssh", name, *command]:
            return _ssh(name, command)
        case ["run", *command] if command:
            return _enter(command)
        case ["status"] | ["down"] | [("cut" | "join" | "kill" | "boot" | "freeze" | "thaw"), _]:
            return _tell(words)
    return _refuse(
        "up [pacemaker] | down | status | ssh HOST [COMMAND] | run COMMAND | kill HOST | boot HOST | "
        f"freeze HOST | thaw HOST | cut {FRONT} or {BACK} | join {FRONT} or {BACK}"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
