"""Whether a server answers: a TCP connection or an HTTP request, and only to where the configuration allows."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

import anyio
import httpx2

from .models import Kind, Status
from .settings import Network

TIMEOUT_S = 5.0

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Target:
    """What is to be checked."""

    id: int
    kind: Kind
    host: str
    port: int
    path: str


@dataclass(frozen=True, slots=True)
class Seen:
    """What a check saw; `latency_ms` is None where nothing answered."""

    status: Status
    told: str
    latency_ms: int | None = None


class Blocked(Exception):
    """The configuration does not allow to connect there."""


async def probe(target: Target, networks: Sequence[Network], timeout_s: float = TIMEOUT_S) -> Seen:
    """Look whether a server answers; whatever is wrong with it is in what was seen."""
    started = time.perf_counter()
    try:
        with anyio.fail_after(timeout_s):
            address = await allowed_address(target.host, target.port, networks)
            started = time.perf_counter()
            told, is_up = await (connect(target, address) if target.kind is Kind.TCP else ask(target, address))
    except Blocked as blocked:
        return Seen(Status.BLOCKED, str(blocked))
    except TimeoutError:
        return Seen(Status.DOWN, f"no answer within {timeout_s:g} s")
    except (OSError, httpx2.HTTPError, UnicodeError) as error:
        return Seen(Status.DOWN, worded(error))
    latency_ms = max(1, round((time.perf_counter() - started) * 1000))
    return Seen(Status.UP if is_up else Status.DOWN, told, latency_ms)


async def allowed_address(host: str, port: int, networks: Sequence[Network]) -> Address:
    """Where the name leads to. Raises Blocked when any of its addresses is outside of the networks, OSError without one.

    The address is what is connected to afterwards: a name that leads elsewhere a moment later leads nowhere.
    """
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    addresses = [plain(ip_address(each[4][0])) for each in found]
    for address in addresses:
        if not any(address in network for network in networks):
            raise Blocked(f"{address} is not in the networks that CONSOLE_PROBE allows")
    return addresses[0]


def plain(address: Address) -> Address:
    """An address without its IPv6 wrapping, behind which an IPv4 address may hide."""
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


async def connect(target: Target, address: Address) -> tuple[str, bool]:
    """Open a TCP connection, and close it."""
    _, writer = await asyncio.open_connection(str(address), target.port)
    writer.close()
    await writer.wait_closed()
    return "accepts connections", True


async def ask(target: Target, address: Address) -> tuple[str, bool]:
    """Send a request by HTTP and read the status of the answer; a redirection is an answer, and is not followed."""
    host = f"[{address}]" if address.version == 6 else str(address)
    url = httpx2.URL(scheme=target.kind.value, host=host, port=target.port, raw_path=target.path.encode())
    named = {"Host": f"{target.host}:{target.port}", "User-Agent": "hermetic-console"}
    extensions = {"sni_hostname": target.host}
    async with (
        httpx2.AsyncClient(trust_env=False, follow_redirects=False, timeout=None) as client,
        client.stream("GET", url, headers=named, extensions=extensions) as response,
    ):
        return f"answers {response.status_code} {response.reason_phrase}".strip(), response.status_code < 400


def worded(error: Exception) -> str:
    """An error as a page shows it: in a few words, without the insides of a library."""
    if isinstance(error, ConnectionRefusedError | httpx2.ConnectError):
        return "connection refused" if "certificate" not in str(error).lower() else "the certificate is not trusted"
    if isinstance(error, socket.gaierror | UnicodeError):
        return "the name is not known"
    return "the connection broke"
