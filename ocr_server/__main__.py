"""Entry point of `python -m ocr_server`: the command line."""

from __future__ import annotations

import gc

# While modules are imported, collections find nothing and take a tenth of the time of starting.
gc.disable()

from ocr_server.cli.main import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    raise SystemExit(main())
