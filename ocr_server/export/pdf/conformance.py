"""What a PDF claims to conform to, in its metadata: PDF/A for archives, PDF/UA for accessibility.

The text layer keeps PDF/A of levels B and U: its font is embedded, and every code has its
characters. Levels A and PDF/UA say that all text is in the tree of tags, where the layer is not.

Source: ISO 19005-2, 6.2.11 (fonts), 6.6.4 (identification), 6.7 (level A); ISO 14289-1, 5.
"""

from __future__ import annotations

import logging

import pikepdf

logging.getLogger("pikepdf").setLevel(logging.ERROR)  # it warns of metadata that is no XMP
_NAMESPACES = (b"http://www.aiim.org/pdfa/ns/id/", b"http://www.aiim.org/pdfua/ns/id/")
_CONFORMANCE = "pdfaid:conformance"
_OF_PDFA = ("pdfaid:part", "pdfaid:amd", "pdfaid:corr", "pdfaid:rev", _CONFORMANCE)
_ACCESSIBLE = f"{{{_NAMESPACES[1].decode()}}}part"


def claims_pdfa(pdf: pikepdf.Pdf) -> bool:
    """Whether it says that it is PDF/A, of whatever part."""
    # Plain PDF/A-4 has no level, without which pikepdf knows of no claim.
    return _has_claims(pdf) and _OF_PDFA[0] in pdf.open_metadata()


def drop_claims_of_tags(pdf: pikepdf.Pdf) -> bool:
    """Take out the claims that all text is tagged; whether PDF/A was among them."""
    if not _has_claims(pdf):
        return False
    claims = pdf.open_metadata()
    gone = [_ACCESSIBLE] if _ACCESSIBLE in claims else []
    if is_level_a := str(claims.get(_CONFORMANCE, "")).upper() == "A":
        gone += [key for key in _OF_PDFA if key in claims]
    if gone:
        with pdf.open_metadata(set_pikepdf_as_editor=False, update_docinfo=False) as metadata:
            for key in gone:
                del metadata[key]
    return is_level_a


def _has_claims(pdf: pikepdf.Pdf) -> bool:
    """Whether the metadata are worth parsing; what cannot be read claims nothing."""
    metadata = pdf.Root.get("/Metadata")
    if not isinstance(metadata, pikepdf.Stream):
        return False
    try:
        data = metadata.read_bytes()
    except pikepdf.PdfError:
        return False
    return any(namespace in data for namespace in _NAMESPACES)
