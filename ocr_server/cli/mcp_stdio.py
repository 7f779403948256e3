"""`ocr-server mcp`: the tools for language models on standard input and output, by MCP's own SDK.

A model names files by their paths, which must be below the folders that were allowed at the start.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import anyio.to_thread
import mcp_types as types
from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from ocr_server import __version__
from ocr_server.errors import BodyTooLarge, InvalidOptions, OcrServerError
from ocr_server.job import Source
from ocr_server.runtime.scratch import JobFolder
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.tools import (
    INSTRUCTIONS,
    Call,
    PagesDone,
    check_arguments,
    failed,
    list_tools,
    run_tool,
)

PATH = "path"
_PIECE_BYTES = 1024 * 1024
Context: TypeAlias = ServerRequestContext[Any]
Json: TypeAlias = dict[str, Any]  # as mixed as what tools take and answer


def serve(settings: Settings, allowed: Sequence[Path]) -> None:
    """Serve the tools until standard input ends; files below the `allowed` folders may be read.

    Raises:
        SettingsError: a profile is not understood.
        StorageFull: the temporary folder cannot be written to.
    """
    with closing(Service.start(settings)) as here:
        anyio.run(_serve, here, tuple(allowed))


def tool_server(here: Service, allowed: tuple[Path, ...]) -> Server[Any]:
    """The tools as a server of the SDK; files below the `allowed` folders may be read."""
    return Server(
        "ocr-server",
        version=__version__,
        instructions=INSTRUCTIONS,
        on_list_tools=partial(_list_tools, allowed),
        on_call_tool=partial(_call_tool, here, allowed),
    )


async def _serve(here: Service, allowed: tuple[Path, ...]) -> None:
    server = tool_server(here, allowed)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


async def _list_tools(allowed: tuple[Path, ...], *_: object) -> types.ListToolsResult:
    folders = ", ".join(map(str, allowed))
    return types.ListToolsResult.model_validate(
        {"tools": list_tools(PATH, f"path of a picture or PDF below {folders}")}
    )


async def _call_tool(
    here: Service, allowed: tuple[Path, ...], context: Context, params: types.CallToolRequestParams
) -> types.CallToolResult:
    arguments = dict(params.arguments or {})
    try:
        check_arguments(params.name, arguments, PATH)
    except ValueError as error:
        raise MCPError(types.INVALID_PARAMS, f"{error}.") from error
    ends: list[threading.Event] = []

    def until_cancelled() -> threading.Event:
        ends.append(threading.Event())
        return ends[-1]

    with here.scratch.job() as folder:
        try:
            path = arguments.pop(PATH, None)
            limit = here.settings.max_body_bytes
            source = None if path is None else _source(str(path), allowed, folder, limit)
        except OcrServerError as error:
            return types.CallToolResult.model_validate(failed(error))
        steps = run_tool(params.name, Call(here, arguments, source, until_cancelled))
        async with anyio.create_task_group() as group:
            group.start_soon(_end_when_cancelled, ends)
            result = await _last(steps, context)
            group.cancel_scope.cancel()
        return result


async def _end_when_cancelled(ends: Sequence[threading.Event]) -> None:
    """Set the ends of a call's pieces of work when it is cancelled, or over."""
    try:
        await anyio.sleep_forever()
    finally:
        for end in ends:
            end.set()


async def _last(steps: Iterator[PagesDone | Json], context: Context) -> types.CallToolResult:
    """The result of a tool; its progress is told on the way."""
    while True:
        # Also when the call is cancelled it is waited for, as its files are removed then.
        step = await anyio.to_thread.run_sync(next, steps)
        if not isinstance(step, PagesDone):
            return types.CallToolResult.model_validate(step)
        told = f"Page {step.done} of {step.total}"
        await context.session.report_progress(step.done, step.total, told)


def _source(name: str, allowed: Sequence[Path], folder: JobFolder, most_bytes: int) -> Source:
    """A copy of a file below an allowed folder, wherever links lead.

    Raises:
        InvalidOptions: it is not there, or elsewhere.
        BodyTooLarge: it has more bytes than a request may have.
    """
    try:
        path = Path(name).expanduser().resolve(strict=True)
    except (OSError, RuntimeError, ValueError):
        path = None
    if path is None or not any(path.is_relative_to(root) for root in allowed):
        # The same words for both: what stands outside is not even told apart from what is missing.
        raise InvalidOptions(
            f"There is no such file below {', '.join(map(str, allowed))}. Name one that is there, "
            "or start ocr-server mcp with --allow FOLDER."
        )
    if not path.is_file():
        raise InvalidOptions("That is no file. Name a picture or PDF.")
    if path.stat().st_size > most_bytes:
        raise BodyTooLarge(
            f"The file has more than {most_bytes} bytes. Choose a smaller one, or raise "
            "OCR_MAX_BODY_BYTES.",
            limit=most_bytes,
            setting="OCR_MAX_BODY_BYTES",
        )
    with path.open("rb") as file:
        return folder.add(iter(partial(file.read, _PIECE_BYTES), b""))
