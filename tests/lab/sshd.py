"""OpenSSH's server on one machine of the lab: own host key, root by key only."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.lab.host import Machine, Service

PORT = 2222


def make_key(file: Path) -> str:
    """An ed25519 key pair without passphrase; gives the public key."""
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", str(file)], check=True)
    return file.with_suffix(".pub").read_text("ascii").strip()


class Sshd(Service):
    """`authorized` is the public key that may log in; `host_key` is the server's own."""

    name = "sshd"

    def __init__(self, machine: Machine, authorized: str) -> None:
        super().__init__(machine)
        folder = machine.folder
        self.host_key = " ".join(make_key(folder / "host_key").split()[:2])
        (folder / "authorized_keys").write_text(authorized + "\n", "ascii")
        self._config = folder / "sshd_config"
        self._config.write_text(
            f"""ListenAddress {machine.address}:{PORT}
HostKey {folder}/host_key
AuthorizedKeysFile {folder}/authorized_keys
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PrintMotd no
SetEnv PATH={folder}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
UseDNS no
MaxStartups 100
MaxSessions 100
LogLevel ERROR
Subsystem sftp internal-sftp
""",
            "utf-8",
        )

    def command(self) -> Sequence[str]:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        return ["/usr/sbin/sshd", "-D", "-e", "-f", str(self._config)]

    def end_sessions(self) -> None:
        """Cuts the connections that are open."""
        self.machine.run("pkill", "-KILL", "-x", "sshd")

    def answers(self) -> bool:
        try:
            with socket.create_connection((self.machine.address, PORT), 1.0) as connection:
                return connection.recv(4) == b"SSH-"
        except OSError:
            return False
