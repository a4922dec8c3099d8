"""What the console is told by its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from .passwords import MEMORY_KIB

Network = IPv4Network | IPv6Network

LOOPBACK: tuple[Network, ...] = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
DEMO_PASSWORD = "correct horse battery"
"""What everybody's password is with CONSOLE_DEMO=1; the log-in page says so."""

DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}


class BadSettings(Exception):
    """The environment says something that cannot be used; the message is one sentence for whoever started the console."""


@dataclass(frozen=True, slots=True)
class Settings:
    """How one console runs. The password and the secret are made up where they are empty."""

    database_url: str = "sqlite+aiosqlite:///console.db"
    is_demo: bool = False
    sample_entries: int = 100_000
    """How long the audit log is that an empty database is filled with, beside servers and users; 0 fills in nothing."""
    admin_name: str = "admin"
    admin_password: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)
    """What cookies and cursors are signed with; kept in the database when it is not given."""
    hash_memory_kib: int = MEMORY_KIB
    """What a hash of a password costs whoever makes it."""
    is_https: bool = False
    """Whether browsers come by HTTPS: cookies are for HTTPS only then."""
    hosts: tuple[str, ...] = ("127.0.0.1", "localhost", "[::1]")
    """The names that browsers may use for the console; another page's name that leads here is refused."""
    proxies: str = ""
    """Addresses of reverse proxies whose word about the visitor's address is taken."""
    probe_networks: tuple[Network, ...] = LOOPBACK
    """Where a check of a server may connect to."""


def from_environment(environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings that the environment names. Raises BadSettings."""
    default = Settings()
    is_demo = environ.get("CONSOLE_DEMO", "") not in ("", "0")
    return Settings(
        database_url=with_driver(environ.get("DATABASE_URL") or default.database_url),
        is_demo=is_demo,
        sample_entries=number(environ.get("CONSOLE_SAMPLE") or default.sample_entries),
        admin_name=environ.get("CONSOLE_ADMIN", default.admin_name).strip().lower(),
        admin_password=DEMO_PASSWORD if is_demo else environ.get("CONSOLE_ADMIN_PASSWORD", ""),
        secret=environ.get("CONSOLE_SECRET", ""),
        is_https=environ.get("CONSOLE_HTTPS", "") not in ("", "0"),
        hosts=(*default.hosts, *environ.get("CONSOLE_HOSTS", "").replace(",", " ").split()),
        proxies=environ.get("CONSOLE_PROXIES", ""),
        probe_networks=networks(environ["CONSOLE_PROBE"]) if environ.get("CONSOLE_PROBE") else LOOPBACK,
    )


def with_driver(address: str) -> str:
    """An address of a database with the driver that the console uses, where it names none. Raises BadSettings."""
    try:
        url = make_url(address)
    except ArgumentError:
        raise BadSettings(
            "DATABASE_URL is no address of a database; write sqlite:///console.db or postgresql://user@host/name."
        ) from None
    return url.set(drivername=DRIVERS.get(url.drivername, url.drivername)).render_as_string(hide_password=False)


def number(told: str | int) -> int:
    """A number of entries. Raises BadSettings."""
    try:
        return max(0, int(told))
    except ValueError:
        raise BadSettings(f"CONSOLE_SAMPLE is a number of entries, and {told!r} is none.") from None


def networks(told: str) -> tuple[Network, ...]:
    """Networks as `10.1.0.0/16, 192.168.7.4` names them. Raises BadSettings."""
    try:
        return tuple(ip_network(each) for each in told.replace(",", " ").split())
    except ValueError as error:
        raise BadSettings(f"CONSOLE_PROBE names no network: {error}.") from None
