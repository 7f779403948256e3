"""What the pages tell the browser about their scripts: which modules to load at once."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath

FOLDER = Path(__file__).parent.parent / "static" / "js"

# A static import, on one line or ending a list of names; not `import(…)`, which waits.
_IMPORT = re.compile(r'^(?:import|\}) .*?from "(\.[^"]+)";|^import "(\.[^"]+)";', re.MULTILINE)


@cache
def modules_of(name: str) -> tuple[str, ...]:
    """Every module that a script imports, itself or through others, by path in `static/js`.

    A browser would find them one level after another; named in the page, they come at once.
    """
    found: list[str] = []
    pending = [name]
    for module in pending:
        text = (FOLDER / module).read_text(encoding="utf-8")
        folder = PurePosixPath(module).parent
        for match in _IMPORT.finditer(text):
            imported = normpath(folder / (match[1] or match[2]))
            if imported not in pending:
                pending.append(imported)
                found.append(imported)
    return tuple(sorted(found))
