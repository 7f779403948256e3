from __future__ import annotations

from pathlib import Path

import pytest

from ocr_server.document.model import Zone
from ocr_server.errors import StorageFull
from ocr_server.jobs import reading
from ocr_server.jobs.flow import Stopping
from tests.fakes import FailsOnNarrow
from tests.jobs.keeping import keeping, members, tiff


def test_a_page_waits_until_the_temporary_folder_has_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "RETRY_S", 0.0)
    engine, full = FailsOnNarrow(StorageFull.of_temp_dir()), list[None]()
    with keeping(tmp_path, engine, jobs_slots=0) as kept:
        job = kept.send(tiff(300))

        def recognise(*_: object) -> tuple[Zone, ...]:
            full.append(None)
            if len(full) <= 2 * reading.TRIES:
                raise engine.error
            return ()

        monkeypatch.setattr(engine, "recognise", recognise)
        kept.reader.read(job["id"], 0, follows=False)
        status = members(kept.client.get(job["links"]["self"]))

    assert status["pages"] == {"total": 1, "read": 1, "failed": 0}


def test_a_page_that_waits_for_room_is_left_when_the_server_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = FailsOnNarrow(StorageFull.of_temp_dir())
    with keeping(tmp_path, engine, jobs_slots=0) as kept:
        job = kept.send(tiff(300))
        reader = kept.reader
        monkeypatch.setattr(reader.is_over, "wait", lambda _timeout_s: True)
        with pytest.raises(Stopping):
            reader.read(job["id"], 0, follows=False)
        status = members(kept.client.get(job["links"]["self"]))
        monkeypatch.undo()

    assert status["pages"] == {"total": 1, "read": 0, "failed": 0}
