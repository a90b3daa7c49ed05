"""Logging in to MySQL without showing a password to whoever answers.

aiomysql goes on in the clear when a server offers no TLS, and sends the password as it is when a server asks
for `mysql_clear_password` (MySQL Reference Manual, "Client-Side Cleartext Pluggable Authentication": only
over TLS), and, without TLS, encrypts it for whatever public key the server names ("Caching SHA-2 Pluggable
Authentication"). All three are refused here, before anything secret is sent.
"""

from __future__ import annotations

from typing import Any

CLEAR = "mysql_clear_password"


class Unsafe(Exception):
    """The login would show the password; the message is a sentence."""


async def log_in(*, password: str, **options: Any) -> Any:
    """An open connection, as `aiomysql.connect` gives it, whose rows are dictionaries. Unsafe, or what
    aiomysql raises."""
    import aiomysql
    from pymysql.constants import CLIENT

    class Quiet(aiomysql.DictCursor):  # type: ignore[misc]
        async def _show_warnings(self, connection: object) -> None:
            """aiomysql would ask for them, a round trip more, and print them on the engineer's screen."""

    class Careful(aiomysql.Connection):  # type: ignore[misc]
        @property
        def server_public_key(self) -> None:
            """aiomysql looks for it when it is about to send the password under a key of the server's."""
            if self._password:
                raise Unsafe(
                    "without TLS it wants the password under a key that nobody has verified: give `tls` in "
                    "the profile, or its `socket`"
                )

        @server_public_key.setter
        def server_public_key(self, key: object) -> None:
            """None is ever trusted."""

        async def _request_authentication(self) -> None:
            offered = bool(self.server_capabilities & CLIENT.SSL)
            if self._ssl_context and not offered:
                raise Unsafe("it offers no TLS, which the profile demands")
            if not self._ssl_context and self._server_auth_plugin == CLEAR:
                raise Unsafe("it asks for the password in the clear, without TLS")
            await super()._request_authentication()

        async def _process_auth(self, plugin_name: bytes, auth_packet: Any) -> Any:
            if plugin_name == CLEAR.encode() and not self._secure:
                raise Unsafe("it asks for the password in the clear, without TLS")
            return await super()._process_auth(plugin_name, auth_packet)

    # aiomysql encodes passwords as Latin-1: this way the bytes on the wire are UTF-8, whatever they are.
    wire = password.encode().decode("latin-1")
    connection = Careful(password=wire, cursorclass=Quiet, **options)
    await connection._connect()
    return connection
