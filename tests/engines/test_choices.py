from __future__ import annotations

from ocr_server import settings
from ocr_server.engines import ENGINE_CHOICES


def test_what_can_be_asked_for_can_be_set() -> None:
    """An engine that is missing in `settings.ENGINE_MEANINGS` would be refused as `OCR_ENGINE`."""
    assert settings.ENGINE_MEANINGS.keys() == ENGINE_CHOICES.keys()
