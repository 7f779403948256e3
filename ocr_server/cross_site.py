"""Requests that browsers send for pages of other sites, and how they are told apart.

A page of another site may make its own name lead to this machine (DNS rebinding), so that its
scripts read answers: the header Host then has that name. It may also send what a form can send
without reading the answer: `Sec-Fetch-Site` or `Origin` then name the site. Programs that are no
browsers send neither.

Source: RFC 9110, section 7.2 (Host); W3C, "Fetch Metadata Request Headers", section 2; WHATWG,
"Fetch", section 3.2 (Origin); the order of looking at them is that of CrossOriginProtection in
Go's net/http.
"""

from __future__ import annotations

import socket
from collections.abc import Collection
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

ANY = "*"
_SAFE_METHODS = {"GET", "HEAD"}


class Headers(Protocol):
    """Headers of a request by their names in any case, as every HTTP library has them."""

    def get(self, name: str, /) -> str | None:
        """The value of a header, if it came."""


def served_names(host: str, names: Collection[str]) -> frozenset[str] | None:
    """The host names that a server at the address `host` is reached by; None for any.

    `names` are those that the operator has set. Without them a server on loopback, which only
    this machine reaches, has the names of the machine, and any other server has every name.
    """
    if ANY in names or not (names or _leads_to_loopback(host)):
        return None
    own = socket.gethostname().lower()
    short = own.partition(".")[0]
    given = (name.lower() for name in names)
    return frozenset({"localhost", host.lower(), own, short, f"{short}.local", *given})


def is_loopback(address: str) -> bool:
    """Whether an address is one of this machine alone."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return False


def is_served(host: str, names: Collection[str] | None) -> bool:
    """Whether the header Host is one that a server with these names answers to.

    Addresses always are, as nobody can make them lead elsewhere, and so are the names below
    `localhost` (RFC 6761, section 6.3).
    """
    if names is None:
        return True
    try:
        name = (urlsplit(f"//{host}").hostname or "").removesuffix(".")
        return name in names or name.endswith(".localhost") or bool(ip_address(name))
    except ValueError:
        return False


def is_cross_site(
    method: str, headers: Headers, *, host: str, origins: Collection[str] = ()
) -> bool:
    """Whether a browser sends a request for a page that is neither of this server nor allowed.

    `host` is the server as the browser names it, with its port, and `origins` are allowed ones, or
    `*`. Following a link is not cross-site: the browser shows the answer to nobody but the user.
    """
    site, origin = headers.get("Sec-Fetch-Site"), headers.get("Origin")
    if ANY in origins or origin in origins or site in {"same-origin", "none"}:
        return False
    if method in _SAFE_METHODS and headers.get("Sec-Fetch-Mode") == "navigate":
        return False
    if site is None and origin is not None:
        return urlsplit(origin).netloc.lower() != host.lower()
    return site is not None


def _leads_to_loopback(host: str) -> bool:
    try:
        return is_loopback(str(socket.getaddrinfo(host, None)[0][4][0]))
    except OSError:  # then it cannot be listened on either
        return False
