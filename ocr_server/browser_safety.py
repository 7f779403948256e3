"""What browsers are told and asked: headers of answers, and requests of other sites told apart.

The headers say what a page may load and do, and who may embed or read it. They are used for the
server's answers, for refusals of its HTTP listener, and for the station's page, each with
additional rules for its own pages.

A page of another site may make its own name lead to this machine (DNS rebinding), so that its
scripts read answers: the header Host then has that name. It may also send what a form can send
without reading the answer: `Sec-Fetch-Site` or `Origin` then name the site. Programs that are no
browsers send neither.

Source: W3C, "Content Security Policy Level 3", "Permissions Policy", and "Fetch Metadata Request
Headers", section 2; WHATWG, "HTML", 7.1.3 (cross-origin opener policy), and "Fetch", 3.2 (Origin),
3.3 (the CORS protocol) and 3.7 (cross-origin resource policy); RFC 9110, section 7.2 (Host); the
order of looking at requests is that of CrossOriginProtection in Go's net/http.
"""

from __future__ import annotations

import socket
from collections.abc import Collection, Mapping
from ipaddress import ip_address
from types import MappingProxyType
from typing import Protocol
from urllib.parse import urlsplit

ANY = "*"  # origin or host name
# Headers that scripts of other origins may read, besides a few standard ones.
_EXPOSED = (
    "Location, OCR-Failed-Pages, OCR-PDF-Claims, Retry-After, Server-Timing, Tus-Resumable, "
    "Upload-Length, Upload-Offset, WWW-Authenticate, X-Request-ID"
)

# Only scripts and styles in files of this server: nothing inline, nothing from another host.
_FIRST_RULES = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'"}
_LAST_RULES = {"base-uri": "'none'", "frame-ancestors": "'none'"}
_SAFE_METHODS = {"GET", "HEAD"}


def security_headers(
    rules: Mapping[str, str] = MappingProxyType({}), *, has_camera: bool = False
) -> dict[str, str]:
    """Security headers of an answer, by name.

    `rules` are further directives of the content security policy, for what a page loads besides
    its scripts and styles; `has_camera` allows its scripts to ask for the camera.
    """
    policy = {**_FIRST_RULES, **rules, **_LAST_RULES}
    camera = "camera=(self)" if has_camera else "camera=()"
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": f"{camera}, microphone=(), geolocation=()",
        "X-Content-Type-Options": "nosniff",
        # With `no-referrer`, forms would come from the origin `null`, as those of other sites do.
        "Referrer-Policy": "same-origin",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def cross_origin_headers(origins: Collection[str], origin: str | None) -> dict[str, str]:
    """CORS headers that let scripts of `origin` read an answer; none if it is not in `origins`."""
    if origin is None or not (ANY in origins or origin in origins):
        return {}
    return {
        "Access-Control-Allow-Origin": ANY if ANY in origins else origin,
        "Access-Control-Expose-Headers": _EXPOSED,
    }


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
