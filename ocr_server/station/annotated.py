"""Pictures with their boxes, a file for each reading."""

from __future__ import annotations

import re
from pathlib import Path

from ocr_server.station.errors import StationError
from ocr_server.station.journal import Entry


class AnnotatedFolder:
    """A folder of PNG pictures named by serial number and source."""

    def __init__(self, path: Path) -> None:
        """Keep them there.

        Raises:
            StationError: it is not a folder.
        """
        if not path.is_dir():
            raise StationError(f"{path} is not a folder.")
        self._path = path

    def keep(self, entry: Entry, _data: bytes, annotated: bytes | None) -> None:
        """Write the picture under another name first, so that nobody sees half of one."""
        if annotated is None:
            return
        source = re.sub(r"[^\w.-]", "_", entry.source)[-64:]
        path = self._path / f"{entry.serial:08}-{source}.png"
        part = path.with_suffix(".part")
        part.write_bytes(annotated)
        part.replace(path)
