"""Entry point of `python -m ocr_server`: the command line."""

from __future__ import annotations

from ocr_server.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
