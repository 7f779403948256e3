"""`POST /mcp`: the Model Context Protocol over Streamable HTTP, without sessions.

Both ages of the protocol are spoken: that of handshakes, and 2026-07-28, in which each request
says its version. A call that wants progress is answered as server-sent events. The same tools are
served on standard input and output by `ocr-server mcp`.

Source: Model Context Protocol, specifications 2025-11-25 and 2026-07-28; JSON-RPC 2.0.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from functools import partial
from typing import Any, TypeAlias

from flask import Blueprint, Response, jsonify, request

from ocr_server import __version__
from ocr_server.errors import InvalidOptions, OcrServerError, UnsupportedFormat
from ocr_server.job import Source
from ocr_server.tools import (
    INSTRUCTIONS,
    Call,
    PagesDone,
    check_arguments,
    failed,
    list_tools,
    run_tool,
)
from ocr_server.web.body import body_of, decoded_image
from ocr_server.web.context import HangUp, hang_up, keep_job_folder, service
from ocr_server.web.json_body import Value

HANDSHAKE_VERSIONS = ("2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25")
VERSION = "2026-07-28"
EVENT_STREAM = "text/event-stream"
FILE_ARGUMENT, FILE_MEANING = "data", "the picture or PDF as base64 or a data URL"
_VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
_SERVER_KEY = "io.modelcontextprotocol/serverInfo"
_SERVER = {"name": "ocr-server", "version": __version__}
_CACHED = {"ttlMs": 3_600_000, "cacheScope": "public"}
_NOT_JSON, _NO_REQUEST, _NO_METHOD, _WRONG_PARAMS = -32700, -32600, -32601, -32602
_HEADERS_DIFFER, _NO_VERSION = -32020, -32022
Json: TypeAlias = dict[str, Any]  # as mixed as what JSON-RPC carries

blueprint = Blueprint("mcp", __name__)


class _Refused(Exception):
    """An error of JSON-RPC, and the status of HTTP that it is sent with."""

    def __init__(self, code: int, message: str, status: int = 200, **data: object) -> None:
        super().__init__(message)
        self.code, self.message, self.status, self.data = code, message, status, data


@blueprint.post("/mcp")
def answer_message() -> Response:
    """The answer to a request of JSON-RPC; none to a notification."""
    id_: object = None
    try:
        message = _members(body_of(request, forms=()).members)
        method = _method(message)
        if "id" not in message:
            return Response(status=202)
        id_ = _members(message["id"].parsed)
        params = _members(message["params"].members) if "params" in message else {}
        meta = _members(params["_meta"].parsed) if "_meta" in params else {}
        is_stateless = _check_version(method, params, meta if isinstance(meta, dict) else {})
        if method != "tools/call":
            return jsonify(_answer(id_, _described(method, params, is_stateless=is_stateless)))
        return _called(id_, params, meta, is_stateless=is_stateless)
    except _Refused as refused:
        error = {"code": refused.code, "message": refused.message}
        if refused.data:
            error["data"] = refused.data
        response = jsonify(jsonrpc="2.0", id=id_, error=error)
        response.status_code = refused.status
        return response


def _method(message: Mapping[str, Value]) -> str:
    if "method" not in message:
        raise _Refused(_NO_REQUEST, "This is no request of JSON-RPC 2.0.", 400)
    return str(_members(message["method"].parsed))


def _members(parse: Any) -> Any:  # noqa: ANN401  # values of JSON
    try:
        return parse()
    except ValueError as error:
        raise _Refused(_NOT_JSON, f"This is not understood: {error}.", 400) from error


def _check_version(method: str, params: Mapping[str, Value], meta: Json) -> bool:
    """Whether the request is of the stateless age; its headers must then agree with it.

    Raises:
        _Refused: the version is not known, or a header differs from the body.
    """
    version = meta.get(_VERSION_KEY)
    if version is None:
        return False
    if version != VERSION:
        message = "This version of the protocol is not spoken here."
        raise _Refused(_NO_VERSION, message, 400, supported=[VERSION], requested=version)
    name = _members(params["name"].parsed) if "name" in params else None
    for header, said in (
        ("MCP-Protocol-Version", version), ("Mcp-Method", method), ("Mcp-Name", name),
    ):  # fmt: skip
        if said is not None and request.headers.get(header, said) != said:
            raise _Refused(_HEADERS_DIFFER, f"{header} differs from the body.", 400)
    return True


def _described(method: str, params: Mapping[str, Value], *, is_stateless: bool) -> Json:
    about = {"capabilities": {"tools": {}}, "instructions": INSTRUCTIONS}
    match method:
        case "initialize":
            asked = _members(params["protocolVersion"].parsed) if "protocolVersion" in params else 0
            version = asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
            return {"protocolVersion": version, "serverInfo": _SERVER, **about}
        case "server/discover" if is_stateless:
            return {"supportedVersions": [VERSION], **about, **_complete(**_CACHED)}
        case "tools/list":
            tools = {"tools": list_tools(FILE_ARGUMENT, FILE_MEANING)}
            return tools | (_complete(**_CACHED) if is_stateless else {})
        case "ping":
            return {}
    raise _Refused(_NO_METHOD, f"There is no method {method[:60]}.", 404 if is_stateless else 200)


def _complete(**more: object) -> Json:
    return {"resultType": "complete", "_meta": {_SERVER_KEY: _SERVER}, **more}


def _called(
    id_: object, params: Mapping[str, Value], meta: Json, *, is_stateless: bool
) -> Response:
    name = str(_members(params["name"].parsed)) if "name" in params else ""
    more = _complete() if is_stateless else {}
    token = meta.get("progressToken")
    with ExitStack() as open_until_answered:
        try:
            call = _call(name, params)
            open_until_answered.enter_context(call.here.admission.admit())
        except OcrServerError as error:
            return jsonify(_answer(id_, failed(error) | more))
        open_until_answered.push(keep_job_folder())
        steps = open_until_answered.enter_context(closing(run_tool(name, call)))
        if token is None or EVENT_STREAM not in request.headers.get("Accept", ""):
            result = next(step for step in steps if not isinstance(step, PagesDone))
            return jsonify(_answer(id_, result | more))
        kept = open_until_answered.pop_all()
        response = Response(_events(id_, token, steps, more, kept), content_type=EVENT_STREAM)
        response.call_on_close(kept.close)
        return response


def _call(name: str, params: Mapping[str, Value]) -> Call:
    sent = _members(params["arguments"].members) if "arguments" in params else {}
    file = sent.pop(FILE_ARGUMENT, None)
    arguments = {key: _members(value.parsed) for key, value in sent.items()}
    try:
        given = arguments if file is None else {**arguments, FILE_ARGUMENT: ""}
        check_arguments(name, given, FILE_ARGUMENT)
    except ValueError as error:
        raise _Refused(_WRONG_PARAMS, f"{error}.") from error
    gone = hang_up().is_set  # asked later, when the request is no longer at hand
    return Call(service(), arguments, file and _source(file), partial(HangUp, gone))


def _source(file: Value) -> Source:
    try:
        source = decoded_image(file)
    except ValueError as error:
        message = f"{FILE_ARGUMENT}: {error}. Nothing is fetched."
        raise InvalidOptions(message, field=FILE_ARGUMENT) from error
    if not source.size_bytes:
        raise UnsupportedFormat("The file is empty. Send a picture or PDF.")
    return source


def _events(
    id_: object,
    token: object,
    steps: Iterator[PagesDone | Json],
    more: Json,
    kept: ExitStack,
) -> Iterator[str]:
    """Progress as notifications, then the answer; the request has left before that is sent."""
    yield ": the headers leave before the first page is read\n\n"
    for step in steps:
        if isinstance(step, PagesDone):
            params = {
                "progressToken": token,
                "progress": step.done,
                "total": step.total,
                "message": f"Page {step.done} of {step.total}",
            }
            yield _event({"jsonrpc": "2.0", "method": "notifications/progress", "params": params})
        else:
            kept.close()
            yield _event(_answer(id_, step | more))
            return


def _event(message: Json) -> str:
    return f"event: message\ndata: {json.dumps(message)}\n\n"


def _answer(id_: object, result: Json) -> Json:
    return {"jsonrpc": "2.0", "id": id_, "result": result}
