from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client, MCPError, StdioServerParameters
from mcp.client.stdio import stdio_client

from ocr_server.cli import mcp_stdio
from ocr_server.service import Service
from ocr_server.tools import Call, PagesDone
from tests.drawing import as_file, as_pages, draw_lines


@pytest.mark.process
@pytest.mark.tesseract
def test_a_client_reads_files_below_the_folders_that_are_allowed(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    inside.mkdir()
    outside.mkdir()
    (inside / "scan.tiff").write_bytes(as_pages([draw_lines("Hello world")] * 2))
    (outside / "scan.png").write_bytes(as_file(draw_lines("secret")))
    (inside / "link.png").symlink_to(outside / "scan.png")
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ocr_server", "mcp", "--allow", str(inside)],
        env={**os.environ, "OCR_ENGINE": "pytesseract", "OCR_TEMP_DIR": str(tmp_path)},
    )
    seen = []

    async def tell(progress: float, total: float | None, message: str | None) -> None:
        seen.append((progress, total))

    async def session() -> None:
        async with Client(stdio_client(command)) as client:
            listed = await client.list_tools()
            assert [tool.name for tool in listed.tools] == [
                "read", "verify", "languages", "profiles",
            ]  # fmt: skip
            path = str(inside / "scan.tiff")
            read = await client.call_tool("read", {"path": path}, progress_callback=tell)
            assert "Hello world" in str(read.content)
            for name in ("link.png", "../outside/scan.png", "missing.png"):
                refused = await client.call_tool("read", {"path": str(inside / name)})
                assert refused.is_error
                assert "no such file below" in str(refused.content)
            with pytest.raises(MCPError, match="needs path"):
                await client.call_tool("read", {})

    anyio.run(session)

    assert seen == [(1, 2), (2, 2)]


@pytest.mark.process
@pytest.mark.tesseract
def test_a_reading_that_is_cancelled_ends_and_the_session_goes_on(tmp_path: Path) -> None:
    (tmp_path / "long.pdf").write_bytes(
        as_pages([draw_lines(f"Page {number}") for number in range(40)], "PDF")
    )
    (tmp_path / "scan.png").write_bytes(as_file(draw_lines("Hello world")))
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "ocr_server", "mcp", "--allow", str(tmp_path)],
        env={**os.environ, "OCR_ENGINE": "pytesseract", "OCR_TEMP_DIR": str(tmp_path)},
    )
    seen = []

    async def session() -> None:
        async with Client(stdio_client(command)) as client:
            with anyio.CancelScope() as reading:

                async def tell(progress: float, total: float | None, message: str | None) -> None:
                    seen.append((progress, total))
                    reading.cancel()

                path = {"path": str(tmp_path / "long.pdf")}
                await client.call_tool("read", path, progress_callback=tell)
            read = await client.call_tool("read", {"path": str(tmp_path / "scan.png")})
            assert "Hello world" in str(read.content)

    anyio.run(session)

    assert 0 < len(seen) < 40
    assert seen[0] == (1, 40)


def test_the_file_of_a_cancelled_call_stays_until_its_work_is_over(
    service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scan.png").write_bytes(as_file(draw_lines("Hello")))
    stayed = []

    def steps(_: str, call: Call) -> Iterator[PagesDone | dict[str, object]]:
        cancelled = call.cancelled()
        yield PagesDone(1, 2)
        assert call.source is not None
        assert cancelled.wait(10)
        time.sleep(0.2)  # as long as a worker process takes to end
        stayed.append(call.source.path.exists())
        yield {}

    monkeypatch.setattr(mcp_stdio, "run_tool", steps)

    async def session() -> None:
        server = mcp_stdio.tool_server(service, (tmp_path,))
        async with Client(server, mode="legacy") as client:
            with anyio.CancelScope() as reading:

                async def tell(progress: float, total: float | None, message: str | None) -> None:
                    reading.cancel()

                path = {"path": str(tmp_path / "scan.png")}
                await client.call_tool("read", path, progress_callback=tell)
            with anyio.fail_after(10):
                while not stayed:
                    await anyio.sleep(0.01)

    anyio.run(session)

    assert stayed == [True]
