"""What every answer tells browsers: what a page may load and do, and who may embed or read it.

The server's answers, the refusals of its HTTP listener and the station's page say the same, but for
what their own pages need.

Source: W3C, "Content Security Policy Level 3" and "Permissions Policy"; WHATWG, "HTML", 7.1.3
(cross-origin opener policy), and "Fetch", 3.3 (the CORS protocol) and 3.7 (cross-origin resource
policy).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

ANY_ORIGIN = "*"
# What a script may read of an answer beyond its body and type.
_EXPOSED = "OCR-Failed-Pages, Retry-After, Server-Timing, WWW-Authenticate, X-Request-ID"

# Scripts and styles are files of our own: nothing inline, nothing from another host.
_FIRST_RULES = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'"}
_LAST_RULES = {"base-uri": "'none'", "frame-ancestors": "'none'"}


def security_headers(
    rules: Mapping[str, str] = MappingProxyType({}), *, has_camera: bool = False
) -> dict[str, str]:
    """The headers of a page, by name.

    `rules` are those of the content security policy by which it loads more than scripts and styles
    of its own; `has_camera` lets its own scripts ask for the camera.
    """
    policy = {**_FIRST_RULES, **rules, **_LAST_RULES}
    camera = "camera=(self)" if has_camera else "camera=()"
    return {
        "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in policy.items()),
        "Permissions-Policy": f"{camera}, microphone=(), geolocation=()",
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
    }


def cross_origin_headers(origins: Collection[str], origin: str | None) -> dict[str, str]:
    """The headers that let scripts of an origin read an answer; none where it is not let in."""
    if origin is None or not (ANY_ORIGIN in origins or origin in origins):
        return {}
    return {
        "Access-Control-Allow-Origin": ANY_ORIGIN if ANY_ORIGIN in origins else origin,
        "Access-Control-Expose-Headers": _EXPOSED,
    }
