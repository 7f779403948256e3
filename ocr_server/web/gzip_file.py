"""Files that clients send packed with gzip."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path

from ocr_server.errors import InvalidOptions
from ocr_server.job import Source
from ocr_server.request.faults import body_too_large
from ocr_server.web.context import job_folder, service
from ocr_server.web.json_body import PIECE_BYTES

_MAGIC = b"\x1f\x8b"  # RFC 1952


def is_packed(source: Source) -> bool:
    """Whether a file begins as gzip does."""
    with source.path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def unpacked(packed: Source) -> Source:
    """The file that was packed, in place of the packed one.

    Raises:
        InvalidOptions: it is not gzip, or cut off.
        BodyTooLarge: it is larger than a body may be.
        StorageFull: the temporary folder is full.
    """
    source = job_folder().add(_pieces(packed.path, service().settings.max_body_bytes))
    packed.path.unlink()
    return source


def _pieces(path: Path, most_bytes: int) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    left_bytes = most_bytes
    with path.open("rb") as file:
        while packed := unpacker.unconsumed_tail or file.read(PIECE_BYTES):
            try:
                piece = unpacker.decompress(packed, PIECE_BYTES)
            except zlib.error as error:
                raise InvalidOptions(
                    "What was sent as gzip is not gzip. Send it as it is, or packed anew."
                ) from error
            left_bytes -= len(piece)
            if left_bytes < 0:
                raise body_too_large(most_bytes)
            yield piece
            if unpacker.eof:
                return
    raise InvalidOptions("What was sent as gzip is cut off. Send all of it.")
