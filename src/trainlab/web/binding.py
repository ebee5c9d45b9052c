"""Where the server listens, under which names it may be called there, and what its address is."""

from __future__ import annotations

import errno
import ipaddress
import socket
from dataclasses import dataclass
from typing import Final

from trainlab.errors import TrainlabError, shown

UNREAD_MS: Final = 30_000
"""How long the system keeps what a page doesn't read before it drops the connection; see `listen`."""

LOOPBACK: Final = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """Where the server listens: `host` as it was given, the `address` that it stands for, and the port."""

    host: str
    address: str
    port: int

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(self.address).is_loopback

    @property
    def _is_everywhere(self) -> bool:
        return ipaddress.ip_address(self.address).is_unspecified

    def allows(self, host: str) -> bool:
        """Return whether a page may call the server so, by the Host or the authority of its Origin.

        Under another name a page from elsewhere could reach it, once that name was made to mean this machine.
        Where the server listens at all addresses, any will do: nobody can make an address mean another one.
        """
        name, port = host.lower(), "80"
        if ":" in host.rpartition("]")[2]:
            name, _, port = name.rpartition(":")
        if port != str(self.port):
            return False
        if self.is_local:
            return name in (*LOOPBACK, _bracketed(self.host.lower()))
        if not self._is_everywhere:
            return name in (_bracketed(self.host.lower()), _bracketed(self.address))
        return name in (*LOOPBACK, socket.gethostname().lower()) or _is_address(name)

    def url(self, token: str | None) -> str:
        """Return the address to open."""
        host = _address_on_the_network() if self._is_everywhere else self.host
        asked = f"?token={token}" if token else ""
        return f"http://{_bracketed(host)}:{self.port}/{asked}"


def listen(host: str, port: int) -> tuple[socket.socket, Binding]:
    """Return a socket that listens, and where; port 0 takes a free one.

    Raises:
        TrainlabError: the port is in use or forbidden, or the host isn't one of this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        listening = socket.create_server((str(address[0]), port), family=family, backlog=128)
    except (OSError, UnicodeError) as error:
        raise TrainlabError(_why(error, host, port)) from None
    if hasattr(socket, "TCP_USER_TIMEOUT"):
        # Connections have it from here. Else one that is never read again would keep its last frame for ever.
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNREAD_MS)
    bound = listening.getsockname()
    return listening, Binding(host=host, address=str(bound[0]), port=int(bound[1]))


def _why(error: OSError | UnicodeError, host: str, port: int) -> str:
    match getattr(error, "errno", None):
        case errno.EADDRINUSE:
            return (
                f"--port {port}: something listens there already, perhaps another lab; take another port, or "
                "--port 0 for a free one."
            )
        case errno.EACCES:
            return f"--port {port}: this user may not listen there; take one from 1024 on."
        case _:
            return (
                f"--host {shown(host)}: can't listen there; give an address or a name of this machine, or "
                "0.0.0.0 for all of its addresses."
            )


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _is_address(name: str) -> bool:
    if "%" in name:  # a zone, which may hold anything
        return False
    try:
        ipaddress.ip_address(name.removeprefix("[").removesuffix("]"))
    except ValueError:
        return False
    return True


def _address_on_the_network() -> str:
    """Return this machine's address as others see it: the one from which it would send; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of documentation, RFC 5737
        except OSError:
            return socket.gethostname()
        return str(probe.getsockname()[0])
