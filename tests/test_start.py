from __future__ import annotations

import os
import subprocess
import sys

import pytest

# Packages and modules that a server without options needs later, or not at all: each would make
# its start slower.
NOT_AT_START = {
    "ocr_server.cli.main": {
        "asyncio", "docx", "xlsxwriter", "ocr_server.office", "ocr_server.server.tls_front",
        "ocr_server.web.compat.adapter", "mcp", "onnxruntime", "opentelemetry", "psycopg",
        "sqlalchemy", "zxingcpp",
    },
    "ocr_server.tasks": {
        "asyncio", "docx", "email", "flask", "ocr_server.office", "onnxruntime", "pydantic",
        "sqlite3", "waitress", "xlsxwriter", "zxingcpp",
    },
}  # fmt: skip


@pytest.mark.process
@pytest.mark.parametrize("module", NOT_AT_START)
def test_the_start_imports_nothing_that_is_needed_later(module: str) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    plain = {name: value for name, value in os.environ.items() if "COVERAGE" not in name}
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code],
        env=plain, capture_output=True, check=True, text=True, timeout=60,
    )  # fmt: skip
    loaded = set(run.stdout.split())

    assert module in loaded
    assert not NOT_AT_START[module] & loaded
