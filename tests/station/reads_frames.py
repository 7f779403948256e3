"""A station whose reader reads nothing, and gives every picture back as its annotated one."""

from __future__ import annotations

import argparse
import sys

from ocr_server.settings import Settings
from ocr_server.station.command import add_arguments, run_with
from ocr_server.station.intake import Reading
from tests.station.reads_bytes import FIELDS, record_of


def read(data: bytes) -> Reading:
    return record_of(str(len(data))), data


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    run_with(read, parser.parse_args(sys.argv[1:]), fields=FIELDS, settings=Settings(slots=1))
