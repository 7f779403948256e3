"""HTTP headers for browsers: what a page may load and do, and who may embed or read it.

They are used for the server's answers, for refusals of its HTTP listener, and for the station's
page, each with additional rules for its own pages.

Source: W3C, "Content Security Policy Level 3" and "Permissions Policy"; WHATWG, "HTML", 7.1.3
(cross-origin opener policy), and "Fetch", 3.3 (the CORS protocol) and 3.7 (cross-origin resource
policy).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import MappingProxyType

ANY_ORIGIN = "*"
# Headers that scripts of other origins may read, besides a few standard ones.
_EXPOSED = (
    "Location, OCR-Failed-Pages, OCR-PDF-Claims, Retry-After, Server-Timing, Tus-Resumable, "
    "Upload-Length, Upload-Offset, WWW-Authenticate, X-Request-ID"
)

# Only scripts and styles in files of this server: nothing inline, nothing from another host.
_FIRST_RULES = {"default-src": "'none'", "script-src": "'self'", "style-src": "'self'"}
_LAST_RULES = {"base-uri": "'none'", "frame-ancestors": "'none'"}


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
    if origin is None or not (ANY_ORIGIN in origins or origin in origins):
        return {}
    return {
        "Access-Control-Allow-Origin": ANY_ORIGIN if ANY_ORIGIN in origins else origin,
        "Access-Control-Expose-Headers": _EXPOSED,
    }
