"""Webhooks: a request to an address of the client's when its job has ended; never with text.

Source: Standard Webhooks (standardwebhooks.com), version 1: headers and signature.
"""

from __future__ import annotations

import base64
import hmac
import http.client
import json
import logging
import socket
import threading
import time
from contextlib import closing, suppress
from urllib.parse import urlsplit, urlunsplit

from ocr_server.errors import InvalidOptions
from ocr_server.jobs.ledger import JobRow
from ocr_server.settings import Settings

TIMEOUT_S = 10.0  # from connecting to the head of the answer
_SECRET_PREFIX = "whsec_"  # noqa: S105  # in front of secrets, by the standard

log = logging.getLogger(__name__)


def check_address(address: str | None, settings: Settings) -> None:
    """Do nothing if there is no webhook, or its host is allowed.

    Raises:
        InvalidOptions: it is no address, or of another host.
    """
    if address is None:
        return
    message = _fault(address, settings)
    if message:
        raise InvalidOptions(
            f"Not understood: webhook: {message}.",
            faults=[{"field": "webhook", "message": message}],
        )


def call(row: JobRow, *, read: int, failed: int, settings: Settings) -> bool:
    """Tell the address how a job ended; whether it must not be told again.

    An answer of 2xx is enough; 410 asks not to be called.
    """
    assert row.webhook is not None  # noqa: S101  # asked before
    if _fault(row.webhook, settings):  # the operator has changed the setting
        return True
    body = json.dumps(
        {
            "type": "job.ended",
            "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "data": {
                "id": row.id,
                "state": row.state,
                "pages": {"total": row.pages, "read": read, "failed": failed},
                "links": {"self": f"/v1/jobs/{row.id}", "document": f"/v1/jobs/{row.id}/document"},
            },
        }
    ).encode()
    headers = {"Content-Type": "application/json", **signed(row.id, body, settings)}
    try:
        status = _post(row.webhook, body, headers)
    except (OSError, http.client.HTTPException) as error:
        log.warning("webhook of a job does not answer: %s", type(error).__name__)
        return False
    if not 200 <= status < 300:
        log.warning("webhook of a job answered %s", status)
    return 200 <= status < 300 or status == http.HTTPStatus.GONE


def _post(address: str, body: bytes, headers: dict[str, str]) -> int:
    """The status that is answered; no redirect is followed, and no proxy is asked.

    Raises:
        OSError, http.client.HTTPException: nothing is answered in time, or no HTTP.
    """
    parts = urlsplit(address)
    assert parts.hostname is not None  # noqa: S101  # checked
    of_scheme = {"http": http.client.HTTPConnection, "https": http.client.HTTPSConnection}
    connection = of_scheme[parts.scheme](parts.hostname, parts.port, timeout=TIMEOUT_S)
    with closing(connection):
        connection.connect()
        # The connection's own limit is for each byte.
        hang_up = threading.Timer(TIMEOUT_S, _shut_down, [connection.sock])
        hang_up.start()
        try:
            target = urlunsplit(("", "", parts.path or "/", parts.query, ""))
            connection.request("POST", target, body, headers)
            return int(connection.getresponse().status)
        finally:
            hang_up.cancel()


def _shut_down(connected: socket.socket) -> None:
    with suppress(OSError):  # it was closed at this moment
        connected.shutdown(socket.SHUT_RDWR)


def signed(message_id: str, body: bytes, settings: Settings) -> dict[str, str]:
    """The headers that name a message and, where there is a secret, prove where it comes from."""
    now = str(int(time.time()))
    headers = {"webhook-id": message_id, "webhook-timestamp": now}
    if settings.webhook_secret:
        key = _key_of(settings.webhook_secret)
        content = b".".join((message_id.encode(), now.encode(), body))
        digest = base64.b64encode(hmac.digest(key, content, "sha256")).decode()
        headers["webhook-signature"] = f"v1,{digest}"
    return headers


def _key_of(secret: str) -> bytes:
    """The bytes of a secret: base64 behind `whsec_`, else the text itself."""
    if secret.startswith(_SECRET_PREFIX):
        return base64.b64decode(secret.removeprefix(_SECRET_PREFIX))
    return secret.encode()


def _fault(address: str, settings: Settings) -> str | None:
    """What is wrong with the address of a webhook, if anything."""
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, None
    if parts is None or parts.scheme not in {"http", "https"} or not host or parts.username:
        return "use an address such as https://app.example/ocr-done"
    named = host if port is None else f"{host}:{port}"
    if not settings.webhook_hosts:
        return "this server calls none; OCR_WEBHOOK_HOSTS lists the hosts that may be called"
    if not {host, named} & set(settings.webhook_hosts):
        return "its host may not be called; OCR_WEBHOOK_HOSTS lists those that may"
    return None
