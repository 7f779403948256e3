from __future__ import annotations

from ocr_server.engines import ENGINES
from ocr_server.page.quality import CALIBRATIONS
from ocr_server.settings import ENGINE_MEANINGS


def test_every_engine_can_be_chosen_by_a_setting() -> None:
    assert ENGINE_MEANINGS.keys() == ENGINES.keys()


def test_every_engine_says_what_its_confidences_mean() -> None:
    assert CALIBRATIONS.keys() == ENGINES.keys()
