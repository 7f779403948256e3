"""A station whose reader answers the bytes that it is given: for whole programs in tests."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ocr_server.settings import Settings
from ocr_server.station.command import add_arguments, run_with

READING_S = 0.02
FIELDS = ("value",)


def answer_of(text: str, *, valid: bool = True) -> dict[str, Any]:
    field = {"value": text, "raw": text, "confidence": 0.9, "valid": valid, "box": [1, 2, 3, 4.5]}
    if not valid:
        field["reason"] = "because"
    return {"fields": {"value": field}, "text": text, "problem": None}


def read(data: bytes) -> tuple[Mapping[str, Any], bytes | None]:
    time.sleep(READING_S)
    return answer_of(data.decode()), data


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run_with(read, parser.parse_args(arguments), fields=FIELDS, settings=Settings(slots=2))


if __name__ == "__main__":
    main(sys.argv[1:])
