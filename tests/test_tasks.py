from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server import tasks
from ocr_server.cpu_shares import one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document
from ocr_server.engines import ENGINES
from ocr_server.errors import StorageFull
from ocr_server.job import Rendering
from ocr_server.runtime.worker_context import WorkerContext
from tests.export.documents import two_pages


def render_with(error: OSError, folder: Path) -> None:
    def render(_doc: Document, _paths: tuple[Path, ...], _how: Rendering) -> Iterator[bytes]:
        yield b"begun"
        raise error

    tasks.render(
        WorkerContext(lambda name: ENGINES[name](), one_thread, Deadline.after(60)),
        document=two_pages(),
        paths=(),
        render=render,
        rendering=Rendering(),
        result=folder / "result",
    )


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EROFS])
def test_an_answer_for_which_there_is_no_room_says_so(number: int, tmp_path: Path) -> None:
    with pytest.raises(StorageFull, match="OCR_TEMP_DIR"):
        render_with(OSError(number, os.strerror(number)), tmp_path)


def test_what_else_the_system_says_is_not_taken_for_that(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        render_with(FileNotFoundError(errno.ENOENT, "gone"), tmp_path)
