"""How a station has a picture read: by the application in its own process, by its profile."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from ocr_server.client import Post
from ocr_server.station.intake import Read


def reader(post: Post, profile: str, *, draws_boxes: bool) -> Read:
    """Who reads by a profile; with boxes, answer and picture are of one recognition."""

    def read(data: bytes) -> tuple[Mapping[str, Any], bytes | None]:
        options = {"profile": profile, "detail": "page", "format": "json"}
        if not draws_boxes:
            return _answer(post([data], options)), None
        archive = zipfile.ZipFile(io.BytesIO(post([data], {**options, "format": "json,png"})))
        pictures = sorted(name for name in archive.namelist() if name.endswith(".png"))
        (described,) = (name for name in archive.namelist() if name.endswith(".json"))
        drawn = archive.read(pictures[0]) if pictures else None
        return _answer(archive.read(described)), drawn

    return read


def _answer(described: bytes) -> dict[str, Any]:
    document = json.loads(described)
    return {"fields": document.get("fields", {}), "text": document["text"], "problem": None}
