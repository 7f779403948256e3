"""Layers of a PDF that are switched off: what they hold is not shown.

Source: ISO 32000-1, 8.11 (optional content).
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import pikepdf
from pypdfium2 import raw

from ocr_server.pdf.page_copy import opened_by_qpdf

_LONGEST_NAME_BYTES = 500


def group_of(shown: raw.FPDF_PAGEOBJECT) -> bytes | None:
    """The name of the group that an object of a page belongs to, as it is in the file, if any."""
    for number in range(raw.FPDFPageObj_CountMarks(shown)):
        mark = raw.FPDFPageObj_GetMark(shown, number)
        name = (ctypes.c_ubyte * _LONGEST_NAME_BYTES)()
        length = ctypes.c_ulong()
        if raw.FPDFPageObjMark_GetParamBlobValue(mark, b"Name", name, len(name), length):
            return bytes(name)[: length.value]
    return None


def groups_switched_off(path: Path, *, password: str | None) -> frozenset[bytes]:
    """The names of the groups that are off when the PDF is opened; not those that share a name."""
    try:
        with opened_by_qpdf(path, password) as pdf:
            properties = pdf.Root.get("/OCProperties")
            if properties is None:
                return frozenset()
            usual = properties.get("/D", pikepdf.Dictionary())
            starts_off = usual.get("/BaseState") == pikepdf.Name.OFF
            listed = usual.get("/ON" if starts_off else "/OFF", pikepdf.Array())
            exceptions = {group.objgen for group in listed}
            shown: set[bytes] = set()
            hidden: set[bytes] = set()
            for group in properties.get("/OCGs", pikepdf.Array()):
                is_off = (group.objgen in exceptions) != starts_off
                (hidden if is_off else shown).add(bytes(group.get("/Name", pikepdf.String(""))))
            return frozenset(hidden - shown)
    except (pikepdf.PikepdfError, RuntimeError, TypeError, ValueError, AttributeError):
        return frozenset()  # PDFium mends more than QPDF
