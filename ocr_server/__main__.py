"""`python -m ocr_server`."""

from __future__ import annotations

from ocr_server.cli import main

if __name__ == "__main__":
    raise SystemExit(main())
