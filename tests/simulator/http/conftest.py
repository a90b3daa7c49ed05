"""A world with the platform's machines and everything that answers HTTP in it, on a clock moved by hand."""

from __future__ import annotations

import asyncio
import datetime
import ipaddress
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from saitotui.simulator.clock import Clock
from saitotui.simulator.http_doors import HttpDoors
from saitotui.simulator.http_platform import HttpPlatform, attach
from saitotui.simulator.pve_part import GUESTS
from saitotui.simulator.world import Machine, World

PHYSICAL = ("pve1", "pve2", "pve3", "st1", "st2")


def build() -> HttpPlatform:
    world = World(Clock(1_795_446_900.0, frozen=True))
    for at, name in enumerate((*PHYSICAL, *GUESTS)):
        kind = "physical" if name in PHYSICAL else "guest"
        machine = world.add(Machine(name, kind, f"10.20.0.{11 + at}"))
        for prefix, unit in (("db", "mariadb"), ("lb", "haproxy")):
            if name.startswith(prefix):
                machine.services[unit] = "running"
    return attach(world)


@pytest.fixture
def platform() -> HttpPlatform:
    return build()


@dataclass
class Served:
    platform: HttpPlatform
    doors: HttpDoors
    ca: Path

    def trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self.ca))


@pytest.fixture
async def served(platform: HttpPlatform, tmp_path: Path) -> AsyncIterator[Served]:
    certificate, key = tmp_path / "ca.pem", tmp_path / "key.pem"
    certify(certificate, key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    doors = platform.open(context)
    before = len(asyncio.all_tasks())
    yield Served(platform, doors, certificate)
    # Connections that clients have just ended end here too, before the doors close for good.
    for _ in range(1000):
        if len(asyncio.all_tasks()) <= before:
            break
        await asyncio.sleep(0)
    await platform.aclose()


def certify(certificate: Path, key: Path) -> None:
    """A certificate for 127.0.0.1 that signs itself."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "simulated")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(private.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(private, hashes.SHA256())
    )
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key.write_bytes(
        private.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
