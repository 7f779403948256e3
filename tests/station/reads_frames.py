"""A station whose reader reads nothing, and gives every picture back as its annotated one."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from typing import Any

from ocr_server.settings import Settings
from ocr_server.station.command import add_arguments, run_with
from tests.station.reads_bytes import FIELDS, answer_of


def read(data: bytes) -> tuple[Mapping[str, Any], bytes | None]:
    return answer_of(str(len(data))), data


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run_with(read, parser.parse_args(sys.argv[1:]), fields=FIELDS, settings=Settings(slots=1))
