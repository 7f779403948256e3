"""Entry point of `python -m ocr_server`: the command line."""

from __future__ import annotations

import gc
import sys

# While modules are imported, collections find nothing and take a tenth of the time of starting.
gc.disable()

from ocr_server.runtime.fork_server import begin_early  # noqa: E402

# It imports while this process does, which then hardly waits for it.
if sys.argv[1:2] in (["serve"], ["work"]):
    begin_early()

from ocr_server.cli.main import main  # noqa: E402

gc.freeze()
gc.enable()

if __name__ == "__main__":
    raise SystemExit(main())
