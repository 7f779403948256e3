"""The signatures of a PDF: whether it has any, what they allow, and how to remove them.

Source: ISO 32000-1, 12.7.4.5 (signature fields), 12.8.1 (signatures), 12.8.2 (transform methods:
what a signer lets be changed), 12.8.4 (permissions).
"""

from __future__ import annotations

from collections.abc import Iterator

import pikepdf
from pikepdf import Array, Dictionary, Name, Object

_DEEPEST = 20  # levels of the tree of fields; forms have three
_OF_SIGNATURES = ("/Perms", "/DSS")  # entries of the catalogue: permissions, certificates


def is_signed(pdf: pikepdf.Pdf) -> bool:
    """Whether a field is signed, or a signature grants permissions."""
    return "/Perms" in pdf.Root or any(_signature(field) is not None for field in _fields(pdf))


def limits_changes(pdf: pikepdf.Pdf) -> bool:
    """Whether a signer has limited what may be changed, which never leaves the text of a page free.

    A certification (DocMDP) allows forms, signatures and notes at most, a lock (FieldMDP) holds
    fields, and usage rights end with any other change.
    """
    return "/Perms" in pdf.Root or any(
        "/Lock" in field or bool(_items(signature, "/Reference"))
        for field in _fields(pdf)
        if (signature := _signature(field)) is not None
    )


def remove_signatures(pdf: pikepdf.Pdf) -> None:
    """Take out the signed fields, the marks that they show on pages, and their certificates."""
    form = pdf.Root.get("/AcroForm", Dictionary())
    holders = [(form, "/Fields"), *((field, "/Kids") for field in _fields(pdf))]
    holders += [(page.obj, "/Annots") for page in pdf.pages]
    for owner, key in holders:
        if items := _items(owner, key):
            owner[key] = Array([one for one in items if _signature(one) is None])
    for owner, keys in ((form, ("/SigFlags",)), (pdf.Root, _OF_SIGNATURES)):
        for key in keys:
            if key in owner:
                del owner[key]


def _fields(pdf: pikepdf.Pdf) -> Iterator[Object]:
    """The fields of the form, each once, at whatever level."""
    waiting = _items(pdf.Root.get("/AcroForm"), "/Fields")
    seen = set()
    while waiting:
        field = waiting.pop()
        if not isinstance(field, Dictionary) or field.objgen in seen:
            continue
        if field.is_indirect:
            seen.add(field.objgen)
        yield field
        waiting.extend(_items(field, "/Kids"))


def _items(owner: object, key: str) -> list[Object]:
    """The members of an array of a dictionary; none where either is missing or something else."""
    found = owner.get(key) if isinstance(owner, Dictionary) else None
    return list(found) if isinstance(found, Array) else []


def _signature(field: object) -> Dictionary | None:
    """What a field, or a mark that shows it, is signed with; None if it is not signed."""
    value = _inherited(field, "/V")
    if not isinstance(value, Dictionary) or "/Contents" not in value:
        return None
    return value if _inherited(field, "/FT") == Name.Sig else None


def _inherited(field: object, key: str) -> object:
    for _ in range(_DEEPEST):
        if not isinstance(field, Dictionary):
            return None
        if key in field:
            return field[key]
        field = field.get("/Parent")
    return None
