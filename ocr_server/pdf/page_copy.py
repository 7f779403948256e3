"""Copies of PDF pages, changed before PDFium opens them where it cannot take them as they are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pikepdf
from pikepdf import Name, Object

_DEEPEST = 5  # forms inside forms
_KEPT_OF_ROOT = {"/Type", "/Pages", "/OCProperties", "/AcroForm", "/Version"}
# What pikepdf raises of a file whose parts are not what they should be.
NOT_AS_EXPECTED = (
    pikepdf.PikepdfError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError,
)  # fmt: skip


def write_copy(
    path: Path,
    index: int,
    copy: Path,
    *,
    password: str | None,
    change: Callable[[pikepdf.Pdf, Object], None],
) -> bool:
    """Write a PDF of that page alone, changed; whether it could be done.

    Raises:
        OSError: there is no room for it.
    """
    part = copy.with_name(f"{copy.name}-part")
    try:
        with opened_by_qpdf(path, password) as pdf:
            change(pdf, pdf.pages[index].obj)
            _leave_only(pdf, index)
            pdf.save(part, compress_streams=False)
    except NOT_AS_EXPECTED:
        return False
    part.replace(copy)  # so that a copy that is there is whole
    return True


def shown_by(page: Object) -> Iterator[Object]:
    """The pictures and forms that a page and its forms show, each once."""
    return _shown_by(page, set(), 0)


def _shown_by(holder: Object, seen: set[tuple[int, int]], depth: int) -> Iterator[Object]:
    # Programs let pages share a list of the pictures of all.
    named = holder.get("/Resources", pikepdf.Dictionary()).get("/XObject", pikepdf.Dictionary())
    used = {str(found.operands[0]) for found in pikepdf.parse_content_stream(holder, "Do")}
    for name, shown in named.items():
        if name not in used or shown.objgen in seen or not isinstance(shown, pikepdf.Stream):
            continue
        seen.add(shown.objgen)
        yield shown
        if shown.get("/Subtype") == Name.Form and depth < _DEEPEST:
            yield from _shown_by(shown, seen, depth + 1)


def opened_by_qpdf(path: Path, password: str | None) -> pikepdf.Pdf:
    """The PDF opened by pikepdf, its password tried in the two encodings that PDFium tries.

    Raises:
        pikepdf.PikepdfError: it cannot be opened, `PasswordError` where the password is wrong.
    """
    try:
        return pikepdf.open(path, password=password or "")
    except pikepdf.PasswordError:
        if not password or password.isascii() or not all(ord(sign) < 256 for sign in password):
            raise
        return pikepdf.open(path, password=password.encode("latin-1"))


def _leave_only(pdf: pikepdf.Pdf, index: int) -> None:
    """Take out all that leads to other pages, so that they are not written."""
    for key in [str(key) for key in pdf.Root if str(key) not in _KEPT_OF_ROOT]:
        del pdf.Root[key]
    page = pdf.pages[index].obj
    notes = page.get("/Annots")
    if isinstance(notes, pikepdf.Array):
        kept = [note for note in notes if note.get("/Subtype") != Name.Link]
        page.Annots = pikepdf.Array(kept)
    for number in reversed(range(len(pdf.pages))):
        if number != index:
            del pdf.pages[number]
