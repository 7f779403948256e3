"""A server that keeps jobs, all in this process; there is one at a time in a process."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from ocr_server.app import create_app
from ocr_server.engines.engine import Engine
from ocr_server.jobs.files import JobFiles
from ocr_server.jobs.jobs import Jobs
from ocr_server.jobs.ledger import Ledger
from ocr_server.jobs.reading import JobReader
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from ocr_server.web.jobs import EXTENSION
from tests.conftest import ClosingClient
from tests.fakes import InlineWorkers
from tests.waiting import wait_for


def tiff(*widths: int) -> bytes:
    """A page of each width."""
    pages = [Image.new("L", (width, 60), 255) for width in widths]
    file = BytesIO()
    pages[0].save(file, "TIFF", save_all=True, append_images=pages[1:])
    return file.getvalue()


def members(answer: TestResponse) -> Any:  # noqa: ANN401  # of JSON
    """Those of the JSON that was answered."""
    return answer.get_json()


class Kept:
    """A server that keeps jobs, all in this process, and what a client asks of it."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        app.test_client_class = ClosingClient
        self.client: FlaskClient = app.test_client()

    @property
    def jobs(self) -> Jobs:
        found = self.app.extensions[EXTENSION]
        assert isinstance(found, Jobs)
        return found

    @property
    def folder(self) -> Path:
        """The folder with a folder for the files of each job."""
        return Path(service_of(self.app).settings.jobs) / "files"

    @property
    def ledger(self) -> Ledger:
        """The rows of its jobs."""
        return self.jobs._ledger

    @property
    def reader(self) -> JobReader:
        """What the engine asks for pages."""
        return JobReader(service_of(self.app), self.ledger, self.jobs._files)

    def files(self, job: Any) -> JobFiles:  # noqa: ANN401  # an answer's JSON
        """What is kept of a job."""
        return self.jobs._files.of(job["id"])

    def send(self, data: bytes, headers: dict[str, str] | None = None, **options: str) -> Any:  # noqa: ANN401  # an answer's JSON
        answer = self.client.post(
            "/v1/jobs", data={"file": (BytesIO(data), "x"), **options}, headers=headers
        )
        assert answer.status_code == 202, answer.json
        return answer.json

    def ended(self, job: Any) -> Any:  # noqa: ANN401  # an answer's JSON
        address = job["links"]["self"]

        def look() -> Any:  # noqa: ANN401  # an answer's JSON
            status = members(self.client.get(f"{address}?wait_s=5"))
            return status if status["expires_at"] else None

        return wait_for(look)


@contextmanager
def keeping(place: Path, engine: Engine, **settings: Any) -> Iterator[Kept]:  # noqa: ANN401  # of all kinds
    """A server with jobs in a folder, while the block runs."""
    temp = place / "temp"
    temp.mkdir(exist_ok=True)
    given = Settings(port=0, slots=1, temp_dir=str(temp), jobs=str(place / "kept"))
    app = create_app(replace(given, **settings), InlineWorkers(engine))
    try:
        yield Kept(app)
    finally:
        service_of(app).close()
