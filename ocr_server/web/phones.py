"""A phone as the camera of a desk: the desk shows a QR code, and gets what the phone takes.

The desk asks with its own key. The phone has none: the code leads it to a token, which stands in
the place of a key once, for a secret that is good for looking at frames and for sending pictures.
"""

from __future__ import annotations

import io
from typing import Literal
from urllib.parse import urlsplit

import segno
from flask import Blueprint, Response, request
from typing_extensions import TypedDict
from werkzeug.wsgi import FileWrapper

from ocr_server.bounds import Bounds
from ocr_server.document.schema import Count, strict
from ocr_server.errors import PairingMissing
from ocr_server.request.faults import Faults, check, fault_of, take_number
from ocr_server.runtime.pairing import Pairing
from ocr_server.web.auth import key_of, owner_of
from ocr_server.web.body import FORMS, body_of, form_options
from ocr_server.web.context import HangUp, hang_up, service
from ocr_server.web.multipart import UploadedFile

MOST_WAIT_S = 20.0
MOST_ADDRESS_CHARS = 1000  # a QR code has room for 2,331 bytes at this strength
LONGEST_NAME_CHARS = 255
QUIET_ZONE_MODULES = 4  # by ISO/IEC 18004, 9.1
TOKEN_FRAGMENT = "#desk="  # noqa: S105  # behind it a token; browsers send no fragment to servers

blueprint = Blueprint("phones", __name__)


@strict
class NewPairingJson(TypedDict):
    """A desk that waits for a phone."""

    id: str
    address: str
    """where the phone must go; it holds once, for ten minutes"""
    code: str
    """the address as a QR code: an SVG"""


@strict
class SentPictureJson(TypedDict):
    """A picture that a phone has sent, and the desk has not taken yet."""

    number: int
    """counted from 1"""
    sent: int
    """the same for pictures that were sent together, as one document; counted from 1"""
    name: str
    media_type: str
    """what the phone calls it"""
    size_bytes: Count


@strict
class PairingJson(TypedDict):
    """A desk and its phone."""

    id: str
    state: Literal["waiting", "connected"]
    """whether a phone has come"""
    changes: Count
    """another number after each change"""
    pictures: list[SentPictureJson]


@strict
class PhoneJson(TypedDict):
    """A phone that belongs to a desk."""

    key: str
    """what it sends as `X-API-Key` with its pictures and frames"""


@blueprint.post("/v1/pairings")
def begin() -> tuple[NewPairingJson, int]:
    """Wait for a phone: the field `address` is that of the webcam page, as the phone reaches it."""
    faults = Faults()
    with service().admission.admit(is_work=False):
        given = form_options(body_of(request, forms=FORMS), faults)
    address = given.pop("address", "")
    faults.extend(fault_of(name, "not an option here; there is address") for name in given)
    if not _is_of_page(address):
        faults.append(
            fault_of(
                "address",
                "send the address of the webcam page, http or https, without a fragment, of at "
                f"most {MOST_ADDRESS_CHARS} characters",
            )
        )
    check(faults)
    pairing_id, token = service().pairings.begin(owner_of(request))
    led = f"{address}{TOKEN_FRAGMENT}{token}"
    return {"id": pairing_id, "address": led, "code": draw_code(led)}, 201


@blueprint.get("/v1/pairings/<pairing_id>")
def show(pairing_id: str) -> PairingJson:
    """What has come of it: at once, or as soon as it is not as it was `seen`."""
    faults = Faults()
    given = request.args.to_dict()
    wait_s = take_number(given, "wait_s", Bounds(0, MOST_WAIT_S), faults) or 0.0
    seen = take_number(given, "seen", Bounds(0, 1e9, is_whole=True), faults)
    faults.extend(fault_of(name, "not an option here; there are wait_s, seen") for name in given)
    check(faults)
    here, gone = service(), hang_up()
    found = here.pairings.look(
        pairing_id,
        owner_of(request),
        seen=None if seen is None else int(seen),
        wait_s=wait_s,
        cancelled=HangUp(lambda: gone.is_set() or here.is_ending.is_set()),
    )
    return _to_json(found)


@blueprint.delete("/v1/pairings/<pairing_id>")
def end(pairing_id: str) -> Response:
    """Send the phone away, and forget what it has sent."""
    service().pairings.end(pairing_id, owner_of(request))
    return Response(status=204)


@blueprint.get("/v1/pairings/<pairing_id>/pictures/<int:number>")
def open_picture(pairing_id: str, number: int) -> Response:
    """A picture, as the phone has sent it."""
    picture, content = service().pairings.open(pairing_id, owner_of(request), number)
    # Whatever it is, no browser is to show it as a page.
    response = Response(FileWrapper(content), content_type="application/octet-stream")
    response.content_length = picture.size_bytes
    return response


@blueprint.delete("/v1/pairings/<pairing_id>/pictures/<int:number>")
def take_picture(pairing_id: str, number: int) -> Response:
    """Forget a picture, which the desk has."""
    service().pairings.take(pairing_id, owner_of(request), number)
    return Response(status=204)


@blueprint.post("/v1/phones")
def claim() -> tuple[PhoneJson, int]:
    """Make who bears the token of a desk, in the place of a key, its phone."""
    return {"key": service().pairings.claim(key_of(request))}, 201


@blueprint.post("/v1/phones/pictures")
def send() -> Response:
    """Send pictures to the desk of a phone, those of one document together."""
    pairings = service().pairings
    if not pairings.has(key_of(request)):
        raise PairingMissing.of_phone()
    with service().admission.admit(is_work=False):
        files = [
            (file.filename or "", file.mimetype, file.source.path)
            for file in request.files.getlist("file")
            if isinstance(file, UploadedFile)
        ]
        check([] if files else [fault_of("file", "send pictures in this field of a form")])
        pairings.send(
            key_of(request),
            [(name[:LONGEST_NAME_CHARS], kind, path) for name, kind, path in files],
        )
    return Response(status=204)


def draw_code(text: str) -> str:
    """A text as a QR code of medium strength: an SVG, black on white with its quiet zone."""
    drawn = io.BytesIO()
    segno.make_qr(text, error="m").save(
        drawn, kind="svg", border=QUIET_ZONE_MODULES, dark="#000", light="#fff",
        xmldecl=False, omitsize=True, nl=False,
    )  # fmt: skip
    return drawn.getvalue().decode()


def _is_of_page(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return (
        parts.scheme in {"http", "https"}
        and bool(parts.hostname)
        and "#" not in address
        and len(address) <= MOST_ADDRESS_CHARS
        and address.isprintable()
    )


def _to_json(pairing: Pairing) -> PairingJson:
    return {
        "id": pairing.id,
        "state": "connected" if pairing.is_claimed else "waiting",
        "changes": pairing.changes,
        "pictures": [
            {
                "number": one.number,
                "sent": one.sent,
                "name": one.name,
                "media_type": one.media_type,
                "size_bytes": one.size_bytes,
            }
            for one in pairing.pictures
        ],
    }
