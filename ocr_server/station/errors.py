"""What keeps a station from working."""

from __future__ import annotations

from ocr_server.errors import OcrServerError


class StationError(OcrServerError):
    """A station cannot start as it was told to."""

    code = "station"
    title = "The station cannot work"
