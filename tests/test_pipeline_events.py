from __future__ import annotations

from collections.abc import Iterator

import pytest

from ocr_server.document.model import Document, EngineInfo, Failure
from ocr_server.errors import WorkerLost
from ocr_server.pipeline import Event, Finished, document_from_events

ENGINE = EngineInfo("fake", "1", ("eng",))


def test_what_the_pipeline_holds_is_let_go_before_its_error_is_raised() -> None:
    let_go = []

    def events() -> Iterator[Event]:
        yield Finished(Document((), ENGINE, (Failure(1, WorkerLost("The process died.")),)))
        let_go.append("the folder")

    with pytest.raises(WorkerLost):
        document_from_events(events())

    assert let_go == ["the folder"]
