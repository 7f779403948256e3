"""A ZIP archive that leaves while it is being made."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

_MADE = (1980, 1, 1, 0, 0, 0)  # ZIP's earliest date: the same files give the same bytes


@dataclass(frozen=True, slots=True)
class PackedFile:
    """A file of an archive; `is_compressed`: to compress it again would gain nothing."""

    name: str
    pieces: Iterable[bytes]
    is_compressed: bool = False


def pack(files: Iterable[PackedFile]) -> Iterator[bytes]:
    """The archive of the files, in pieces."""
    outlet = _Outlet()
    with zipfile.ZipFile(outlet, "w") as archive:
        for packed in files:
            entry = zipfile.ZipInfo(packed.name, _MADE)
            if not packed.is_compressed:
                entry.compress_type = zipfile.ZIP_DEFLATED
            with archive.open(entry, "w") as file:
                for piece in packed.pieces:
                    file.write(piece)
                    yield outlet.take()
    yield outlet.take()


@dataclass(slots=True)
class _Outlet:
    """A file that cannot be sought: what is written waits here until it is taken."""

    waiting: bytearray = field(default_factory=bytearray)

    def write(self, data: bytes) -> int:
        """Keep it."""
        self.waiting += data
        return len(data)

    def flush(self) -> None:
        """Nothing to do."""

    def close(self) -> None:
        """Nothing to do."""

    def take(self) -> bytes:
        """What has been written since the last time."""
        taken = bytes(self.waiting)
        self.waiting.clear()
        return taken
