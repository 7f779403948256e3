"""Keys: where any are set, every request bears one of them.

Open to everybody are only the probes, what describes the API, and the pages as long as nothing is
sent to them: a browser that follows a link cannot bear a key. The pages ask for one and send it
along, as a header from a script and as a field from a form.
"""

from __future__ import annotations

import codecs
import hmac
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from flask import Flask, Request, current_app, request
from werkzeug.datastructures import ImmutableMultiDict

from ocr_server.errors import KeyMissing, KeyWrong, SettingsError
from ocr_server.settings import Settings
from ocr_server.web.context import service

HEADER = "X-API-Key"
FIELD = "api_key"
OPEN_PATHS = {
    "/livez", "/readyz", "/openapi.json", "/v1/formats", "/v1/languages", "/v1/steps",
    "/general/docs",  # whether there is a server: Unstructured's client asks without its key
}  # fmt: skip
OPEN_BLUEPRINTS = {"pages", "install"}
# Where the token or the secret of a phone stands in the place of a key.
PHONE_ENDPOINTS = {"phones.claim", "phones.send", "frames.analyse"}
# In the extensions of an application: digests, and `KeyPlaces` by the name of a blueprint.
_DIGESTS, _PLACES = "ocr_server.keys", "ocr_server.key_places"
_DIGEST = re.compile(r"[0-9a-fA-F]{64}")
# The access key id is the key: only digests are kept, so the signature cannot be checked.
_AWS_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 .*?Credential=([^/,\s]+)/")


@dataclass(frozen=True, slots=True)
class KeyPlaces:
    """Where the clients of another service put their key, beside our own two headers.

    A header, a parameter of the address (`query`), a field of the form (`field`), the access key
    id of a signed request of AWS (`is_aws`), or the password of basic authentication (`is_basic`),
    as clients send it that know of no key and are told `http://any:KEY@host` as the address.
    """

    header: str = ""
    query: str = ""
    field: str = ""
    is_aws: bool = False
    is_basic: bool = False

    def key_in(self, request: Request) -> str:
        """The key that a request bears in one of these places, but for the form."""
        if self.header and self.header in request.headers:
            return request.headers[self.header]
        if self.query and self.query in request.args:
            return request.args[self.query]
        if self.is_basic and request.authorization:
            return request.authorization.password or ""
        signed = _AWS_CREDENTIAL.match(request.headers.get("Authorization", ""))
        return signed[1] if self.is_aws and signed else ""

    @property
    def description(self) -> str:
        """Where the other service’s clients send their key; empty if as ours do."""
        if self.is_aws:
            return "as the access key id"
        if self.is_basic:
            return f"in the address, as http://any:KEY@host, or in the header {HEADER}"
        return f"in the header {self.header}" if self.header else ""


NO_PLACES = KeyPlaces()
IN_ADDRESS = KeyPlaces(is_basic=True)
_PAGES_PLACES = KeyPlaces(field=FIELD)


def init_app(app: Flask, digests: tuple[bytes, ...]) -> None:
    """Keep the digests for `check_key`; templates learn whether there are any as `needs_key`."""
    app.jinja_env.globals["needs_key"] = bool(digests)
    app.extensions[_DIGESTS] = digests
    app.extensions[_PLACES] = dict.fromkeys(OPEN_BLUEPRINTS, _PAGES_PLACES)


def set_places(app: Flask, blueprint: str, places: KeyPlaces) -> None:
    """Look for the keys of a blueprint's requests in these places, too."""
    app.extensions[_PLACES][blueprint] = places


def read_key_digests(settings: Settings) -> tuple[bytes, ...]:
    """The SHA-256 digests of all keys.

    Raises:
        SettingsError: the file of keys cannot be read or understood.
    """
    given = tuple(digest_of(key) for key in settings.api_keys)
    if not settings.api_keys_file:
        return given
    try:
        lines = read_key_file(Path(settings.api_keys_file)).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"OCR_API_KEYS_FILE={settings.api_keys_file!r} cannot be read: {error}."
        ) from error
    # Numbered, as a line that is wrong may be a key that somebody did not digest: never shown.
    words = [(number, line.partition("#")[0].strip()) for number, line in enumerate(lines, 1)]
    words = [(number, word) for number, word in words if word]
    for number, word in words:
        if not _DIGEST.fullmatch(word):
            raise SettingsError(
                f"Line {number} of OCR_API_KEYS_FILE is not the SHA-256 of a key. Make one with: "
                "printf %s KEY | sha256sum."
            )
    if not words:
        raise SettingsError("OCR_API_KEYS_FILE has no keys. Add one, or leave the variable out.")
    return given + tuple(bytes.fromhex(word) for _, word in words)


def read_key_file(path: Path, *, errors: str = "strict") -> str:
    """The text of a file of keys: UTF-8, or what its byte-order mark says.

    Editors of Windows put such a mark in front, and PowerShell’s `>` writes UTF-16.

    Raises:
        OSError: it cannot be read.
        UnicodeDecodeError: it is no text, and `errors` is `strict`.
    """
    data = path.read_bytes()
    is_utf_16 = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    return data.decode("utf-16" if is_utf_16 else "utf-8-sig", errors=errors)


def owner_of(request: Request) -> str:
    """Whose a job is: the digest of the key that the request bears; empty without keys."""
    key = key_of(request) if current_app.extensions[_DIGESTS] else ""
    return digest_of(key).hex() if key else ""


def digest_of(key: str) -> bytes:
    """What is kept of a key."""
    return sha256(key.encode()).digest()


def check_key(*, has_body: bool = True) -> None:
    """Ask the current request for its key, if the server has any.

    As long as the body is not there, nothing is said to a form that may bring it.

    Raises:
        KeyMissing: it has none.
        KeyWrong: it is not one of the server's.
    """
    digests: tuple[bytes, ...] = current_app.extensions[_DIGESTS]
    if not digests or _is_open(request):
        return
    key = key_of(request)
    field = _places_of(request).field
    if not key and field:
        if not has_body:
            return
        key = _key_in_form(request, field)
    if not key:
        if place := _places_of(request).description:
            raise KeyMissing(f"This server wants a key. Send it {place}.")
        raise KeyMissing(
            f"This server wants a key. Send it in the header {HEADER}, or as a Bearer token in the "
            "header Authorization."
        )
    given = digest_of(key)
    # All are compared, so that the time does not depend on which key it is.
    if not sum(hmac.compare_digest(given, digest) for digest in digests):
        if request.endpoint in PHONE_ENDPOINTS and service().pairings.has(key):
            return
        raise KeyWrong("The key is not one of this server’s. Send another one.")


def _places_of(request: Request) -> KeyPlaces:
    places: KeyPlaces = current_app.extensions[_PLACES].get(request.blueprint, NO_PLACES)
    return places


def _is_open(request: Request) -> bool:
    if request.method not in {"GET", "HEAD"}:
        return False
    return (
        request.path.rstrip("/") in OPEN_PATHS
        or request.blueprint in OPEN_BLUEPRINTS
        or request.endpoint == "static"
    )


def key_of(request: Request) -> str:
    """The key that a request bears outside of a form; empty without one."""
    if HEADER in request.headers:
        return request.headers[HEADER]
    # As it was sent: what is parsed for us takes a token with = in it for parameters.
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return token.strip()
    return _places_of(request).key_in(request)


def _key_in_form(request: Request, field: str) -> str:
    with service().admission.admit(is_work=False):  # the files of the form come with it
        key = request.form.get(field, "")
    # It is no option of the reading: what comes after must not meet it.
    request.form = ImmutableMultiDict(
        [(name, text) for name, text in request.form.items(multi=True) if name != field]
    )
    return key
