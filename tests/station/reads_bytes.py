"""A station whose reader answers the bytes that it is given: for whole programs in tests."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from typing import Any

from ocr_server.document.model import Field
from ocr_server.geometry import Box
from ocr_server.settings import Settings
from ocr_server.station.command import add_arguments, run_with
from ocr_server.station.intake import Reading
from ocr_server.station.journal import Record

READING_S = 0.02
FIELDS = ("value",)


def record_of(text: str, *, valid: bool = True) -> Record:
    field = Field("value", text, text, 0.9, None if valid else "because", Box(1, 2, 3, 4.5))
    return Record(text, ((1, field),))


def answer_of(text: str, *, valid: bool = True) -> dict[str, Any]:
    return record_of(text, valid=valid).to_json()


def read(data: bytes) -> Reading:
    time.sleep(READING_S)
    return record_of(data.decode()), data


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run_with(read, parser.parse_args(arguments), fields=FIELDS, settings=Settings(slots=2))


if __name__ == "__main__":
    main(sys.argv[1:])
