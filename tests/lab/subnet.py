"""Addresses of a lab: 127.82.N.x with an N that no other lab on this computer uses."""

from __future__ import annotations

import socket
from types import TracebackType


class Subnet:
    """Holds an N as long as the block lasts, by a listening socket on 127.82.N.1."""

    PORT = 8282

    def __enter__(self) -> Subnet:
        for number in range(256):
            self._lock = socket.socket()
            try:
                self._lock.bind((f"127.82.{number}.1", self.PORT))
                self._lock.listen(1)
            except OSError:
                self._lock.close()
                continue
            self.number = number
            return self
        raise OSError("no free network 127.82.N.0 on this computer")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._lock.close()

    def address(self, host: int) -> str:
        return f"127.82.{self.number}.{host}"
