"""What the scripts of the pages get from the server: their modules, names, words and lists."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path, PurePosixPath
from posixpath import normpath
from typing import Any

from ocr_server.document.characters import LOOK_ALIKES
from ocr_server.export import FORMATS
from ocr_server.export.audio import has_voice
from ocr_server.page.recipe import PICTURE_STAGES, STAGE_LABELS
from ocr_server.sources.signatures import ACCEPTED_FILES
from ocr_server.web.translation import ENGLISH, translate

FIRST_FORMATS = ("docx", "pdf", "text", "xlsx")  # of the menu: what most people want
SCRIPTS = Path(__file__).parent.parent / "static" / "js"
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
        text = (SCRIPTS / module).read_text(encoding="utf-8")
        folder = PurePosixPath(module).parent
        for match in _IMPORT.finditer(text):
            imported = normpath(folder / (match[1] or match[2]))
            if imported not in pending:
                pending.append(imported)
                found.append(imported)
    return tuple(sorted(found))


def declarations(
    language: str = ENGLISH,
) -> dict[str, Any]:  # JSON, which `static/js/lib/declarations.js` has types for
    """The names, words and lists that the scripts share with the server."""
    first = {name: place for place, name in enumerate(FIRST_FORMATS)}
    formats = sorted(
        FORMATS.items(),
        key=lambda item: (first.get(item[0], len(first)), item[1].for_programs),
    )
    return {
        "accepted_files": ACCEPTED_FILES,
        "formats": [
            {
                "name": name,
                "label": translate(format_.label, language, str),
                "suffix": format_.suffix,
                "one_page_each": format_.one_page_each,
                "shows_pictures": format_.shows_pictures,
                "needs": format_.needs,
                "for_programs": format_.for_programs,
            }
            for name, format_ in formats
            if name != "audio" or has_voice()
        ],
        "has_voice": has_voice(),
        "look_alikes": LOOK_ALIKES,
        "stages": [
            {
                "name": name,
                "label": translate(label, language, str),
                "of_picture": name in PICTURE_STAGES,
            }
            for name, label in STAGE_LABELS.items()
        ],
    }
