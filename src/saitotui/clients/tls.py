"""TLS: a chain to an authority, or one pinned certificate; never neither."""

from __future__ import annotations

import asyncio
import hashlib
import ssl
from pathlib import Path

from saitotui.clients.failures import of_error, silent
from saitotui.model.command import Failure, FailureKind
from saitotui.model.profile import Tls


def fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as plain hexadecimal."""
    return text.replace(":", "").strip().lower()


async def context(where: str, tls: Tls, host: str, port: int, deadline: float) -> ssl.SSLContext | Failure:
    """A context that verifies `host`. With a pinned fingerprint the server is asked for its certificate once;
    when that is the pinned one, it alone is trusted from then on."""
    if tls.fingerprint:
        return await _pinned(where, tls, host, port, deadline)
    try:
        return await asyncio.to_thread(_authority, tls.ca)
    except (OSError, ssl.SSLError) as error:
        why = getattr(error, "strerror", None) or error
        return Failure(FailureKind.DENIED, f"{where}: the authority {tls.ca} cannot be used: {why}")


def _authority(ca: str) -> ssl.SSLContext:
    if ca and not Path(ca).is_file():
        raise OSError(2, "no such file")
    context = ssl.create_default_context(cafile=ca or None)
    # Python 3.13 began to refuse authorities that lack extensions RFC 5280 demands; Proxmox's own is one. The
    # chain, the dates and the name are verified all the same.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


async def _pinned(where: str, tls: Tls, host: str, port: int, deadline: float) -> ssl.SSLContext | Failure:
    asking = ssl.create_default_context()
    asking.check_hostname, asking.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(deadline):
            _, writer = await asyncio.open_connection(host, port, ssl=asking)
    except TimeoutError:
        return silent(where, deadline)
    except OSError as error:
        return of_error(where, error)
    certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True) or b""
    writer.close()
    found = hashlib.sha256(certificate).hexdigest()
    if found != fingerprint(tls.fingerprint):
        return Failure(FailureKind.DENIED, f"{where}: its certificate is not the pinned one: it has {found}")
    trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    trusting.check_hostname = False
    trusting.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    trusting.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(certificate))
    return trusting
