"""Apache Tika's headers for OCR and PDF, as values.

Source: Tika's wiki, “TikaOCR” and “TikaServer”.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from ocr_server.errors import InvalidOptions
from ocr_server.job import ReadOptions, TextLayerUse

# Tika sets any field of its parser by a header, which has led to commands being run. Here a header
# that is not in these tables is refused in Tika's words, and so is a value with unusual letters.
_OCR, _PDF, _TIMEOUT = "x-tika-ocr", "x-tika-pdf", "x-tika-timeout-millis"
PASSWORD = "Password"  # noqa: S105  # a header's name
_LETTERS = re.compile(r"[-/_+.A-Za-z0-9 ]+")
_LANGUAGE = r"(?:[a-zA-Z]{3}(?:_[a-zA-Z]{3,4}){0,2}|script/[A-Z][a-zA-Z]+(?:_vert)?)"
_FLAG, _NUMBER, _WORD = "true|false", r"\d{1,12}", "[a-z]+"
_FORMS = {
    "language": rf"{_LANGUAGE}(?:\+{_LANGUAGE})*",
    "pagesegmode": r"[13-9]|1[0-3]",  # 0 and 2 read nothing
    "outputtype": "txt|hocr",
    "skipocr": _FLAG,
    "timeout": _NUMBER,
    "timeoutseconds": _NUMBER,
    "timeoutmillis": _NUMBER,
    "minfilesizetoocr": _NUMBER,
    "maxfilesizetoocr": _NUMBER,
    "enableimagepreprocessing": _FLAG,
    # How Tika prepares pictures and spaces words; this server does so in its own way.
    "applyrotation": _FLAG,
    "density": _NUMBER,
    "depth": _NUMBER,
    "colorspace": _WORD,
    "filter": _WORD,
    "resize": _NUMBER,
    "preserveinterwordspacing": _FLAG,
    "inlinecontent": _FLAG,
}
_PDF_FORMS = {
    "ocrstrategy": "no_ocr|ocr_only|ocr_and_text_extraction|auto",
    # Of no effect, as whole pages are read.
    "extractinlineimages": _FLAG,
    "extractuniqueinlineimagesonly": _FLAG,
    "sortbyposition": _FLAG,
}
_TEXT_LAYERS = {"no_ocr": TextLayerUse.ONLY, "ocr_only": TextLayerUse.IGNORE}


@dataclass(frozen=True, slots=True)
class TikaRequest:
    """The headers of a request as values; files with a size outside of the range are not read."""

    reading: ReadOptions
    password: str | None
    timeout_s: float | None
    as_hocr: bool
    skips: bool
    least_bytes: int
    most_bytes: int


def read_headers(headers: Iterable[tuple[str, str]], languages: tuple[str, ...]) -> TikaRequest:
    """What the headers ask for; `languages` where they name none.

    Raises:
        InvalidOptions: a header is none of Tika's, is not allowed here, or has a wrong value.
    """
    ocr, pdf, timeout_ms, password = {}, {}, None, None
    for name, value in headers:
        text = value.strip()
        if name.lower() == _TIMEOUT:
            timeout_ms = int(_checked(name, text, {_TIMEOUT: _NUMBER}, _TIMEOUT, "X-Tika"))
        elif name.lower().startswith(_OCR):
            field = name.lower().removeprefix(_OCR)
            ocr[field] = _checked(name, text, _FORMS, field, "X-Tika-OCR")
        elif name.lower().startswith(_PDF):
            field = name.lower().removeprefix(_PDF)
            pdf[field] = _checked(name, text, _PDF_FORMS, field, "X-Tika-PDF")
        elif name.lower() == PASSWORD.lower():
            password = value
    if "language" in ocr:
        languages = tuple(dict.fromkeys(ocr["language"].split("+")))
    usual = ReadOptions()
    return TikaRequest(
        reading=ReadOptions(
            languages=languages,
            psm=int(ocr.get("pagesegmode", usual.psm)),
            operations=() if _is_false(ocr.get("enableimagepreprocessing")) else usual.operations,
            text_layer=_TEXT_LAYERS.get(pdf.get("ocrstrategy", "").lower(), TextLayerUse.AUTO),
        ),
        password=password,
        timeout_s=_timeout_s(ocr, timeout_ms),
        as_hocr=ocr.get("outputtype", "").lower() == "hocr",
        skips=ocr.get("skipocr", "").lower() == "true",
        least_bytes=int(ocr.get("minfilesizetoocr", 0)),
        most_bytes=int(ocr.get("maxfilesizetoocr", 2**63)),
    )


def _checked(name: str, text: str, forms: dict[str, str], field: str, prefix: str) -> str:
    form = forms.get(field)
    if form is None or not _LETTERS.fullmatch(text) or not re.fullmatch(form, text, re.IGNORECASE):
        raise InvalidOptions(f"{name} is an invalid {prefix} header")
    return text


def _is_false(text: str | None) -> bool:
    return text is not None and text.lower() == "false"


def _timeout_s(ocr: dict[str, str], timeout_ms: int | None) -> float | None:
    """The time limit of the most specific header; none for 0, which means the server's."""
    if "timeoutmillis" in ocr:
        timeout_ms = int(ocr["timeoutmillis"])
    for field in ("timeoutseconds", "timeout"):
        if field in ocr:
            return float(ocr[field])
    return timeout_ms / 1000 if timeout_ms else None
