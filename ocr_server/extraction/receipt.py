"""The finder `receipt`: total, date and company, by keywords and position."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from ocr_server.document.model import Page, Word
from ocr_server.extraction.validation import NOTHING, Match, of_words
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import Row, rows_of

NAMES = ("total", "date", "company")

# A dash between blanks, or behind a word, is not a sign. Parts of longer numbers are not amounts.
_AMOUNT = re.compile(
    r"(?:(?:(?<![^\s$€£])|(?<=RM))(?P<sign>[-\u2212–])(?:RM|[$€£])?)?(?<![\d.,'’])"
    r"(?P<whole>\d{1,3}(?P<mark>[, '’])\d{3}(?:(?P=mark)\d{3}){0,4}"
    r"|\d{1,2}(?:,\d{2}){1,4},\d{3}"  # lakhs and crores
    r"|\d{1,3}(?:\.\d{3}){1,4}(?= ?,)|\d+)"
    r" ?[.,] ?(?P<cents>\d{2})(?! ?%|\d|[.,'’]\d)"
)
# Weight of each keyword of a row as evidence for, or against, its amount being the total.
_SIGNS: Mapping[str, int] = {
    r"\bT[O0]TA[L1I]\b|\bT[O0]TAL": 4, r"\bGRAND\b|\bFINAL\b": 2, r"\bNET+\b": 2,
    r"\bPAYABLE\b|\bDUE\b": 3, r"ROUNDED": 2, r"\bINC": 1, r"AMOUNT": 1,
    r"SUB": -3, r"\bEXC": -4, r"QTY|QUANTITY|ITEM": -6, r"DISC|SAVING": -6,
    r"ROUNDING|\bADJ(?!.*INC)": -3, r"\bTAX\b": -3, r"\bGST\b(?!.*\))(?<!INCL GST)": -1,
    r"CHANGE|CASH|TENDER|PAID": -6, r"SUPPLIES|INCLUDED": -6,
    r"TOTAL (?:GST|TAX)|\b(?:GST|TAX) TOTAL": -4,
}  # fmt: skip
# Below a row with this, amounts are those of a tax summary.
_SUMMARY = re.compile(r"\b(?:GST|TAX|VAT|SST) *(?:SUMMARY|ANALYSIS|INFO)|\bSUMMARY\b")
_ROUNDING = re.compile("ROUNDING")
_CASH, _CHANGE = re.compile(r"\bCASH\b|TENDER|\bPAID\b"), re.compile(r"\bCHANGE\b")

_MONTHS = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC"
_DATE = re.compile(
    rf"(?<!\d)(?:(?P<day>\d{{1,2}}) ?(?P<mark>[-/. ]) ?(?P<month>\d{{1,2}}|(?:{_MONTHS})[A-Z]*) ?"
    r"(?P=mark) ?(?P<year>(?:19|20)\d{2}|\d{2})(?![\d.,])"
    r"|(?P<year_first>(?:19|20)\d{2})(?P<mark_second>[-/.])(?P<month_second>\d{2})(?P=mark_second)"
    r"(?P<day_last>\d{2})(?!\d))",
    re.IGNORECASE,
)
_PHONE = re.compile(r"\b(?:TELE?(?:PHONE|FAX)?|PHONE|FAX|MOBILE|HOTLINE)\b")
_FIRM = re.compile(
    r"\b(?:SDN|BHD|S/B|LTD|LIMITED|INC|LLC|PLC|GMBH|AG|SARL|SRL|CORP|CO|ENTERPRISE|TRADING|"
    r"RESTORAN|RESTAURANT|STORE|SHOP|MARKET|HARDWARE|CAFE|BAKERY|HOTEL)\b"
)
_REGISTRATION = re.compile(r"\s*[({\[]?(?:CO\.?|REG\.?|NO\.?|ROC|[:\s])*\d{4,}[^()]*[)}\]]?\s*$")
_TOP_ROWS = 6


def find_in_receipt(page: Page, spec: FieldSpec) -> Match:
    """The field `spec.name`, one of `NAMES`; an amount is normalised to digits, point and cents."""
    return {"total": _total, "date": _date, "company": _company}[spec.name](rows_of(page))


def has_total(page: Page) -> bool:
    """Whether the page has a total."""
    return _total(rows_of(page)) is not NOTHING


def _total(rows: Sequence[Row]) -> Match:
    last = next((n for n, row in enumerate(rows) if _SUMMARY.search(row.text.upper())), len(rows))
    rows = rows[:last] if last > len(rows) // 3 else rows
    paid = _difference(rows)
    best: tuple[float, int, Match] | None = None
    for position, row in enumerate(rows):
        weight = sum(sign for word, sign in _SIGNS.items() if re.search(word, row.text.upper()))
        if weight < 1:
            continue
        amounts = list(_amounts(row)) or [
            amount
            for below in rows[position + 1 : position + 2]
            if not re.search(r"[A-Z]{4}", below.text.upper())
            for amount in _amounts(below)
        ]
        if not amounts:
            continue
        amount = amounts[-1]
        agrees = 3 if paid is not None and amount.normalised == paid else 0
        is_rounded = any(_ROUNDING.search(other.text.upper()) for other in rows[:position])
        rank = (weight + agrees + 2 * is_rounded, position, amount)
        if best is None or rank[:2] >= best[:2]:
            best = rank
    return best[2] if best else NOTHING


def _difference(rows: Sequence[Row]) -> str | None:
    """Cash minus change, with two decimals; None unless both were read."""
    given, back = (
        next((a for row in rows if sign.search(row.text.upper()) for a in _amounts(row)), None)
        for sign in (_CASH, _CHANGE)
    )
    if given is None or back is None:
        return None
    return f"{float(given.text) - abs(float(back.text)):.2f}"


def _amounts(row: Row) -> Iterator[Match]:
    for match in _AMOUNT.finditer(row.text):
        whole = re.sub(r"\D", "", match["whole"])
        normalised = f"{'-' if match['sign'] else ''}{whole}.{match['cents']}"
        found = of_words(_words_at(row, match.start(), match.end()), match[0])
        yield Match(found.raw, found.confidence, found.box, normalised=normalised)


def _date(rows: Sequence[Row]) -> Match:
    best: tuple[int, Match] | None = None
    for row in rows:
        if _PHONE.search(row.text.upper()) and "DATE" not in row.text.upper():
            continue
        for match in _DATE.finditer(row.text):
            if not _is_date(match):
                continue
            weight = 2 * ("DATE" in row.text.upper()) + (len(match["year"] or "0000") == 4)
            found = of_words(_words_at(row, match.start(), match.end()), match[0].upper())
            if best is None or weight > best[0]:
                best = weight, found
    return best[1] if best else NOTHING


def _is_date(match: re.Match[str]) -> bool:
    day, month = match["day"] or match["day_last"], match["month"] or match["month_second"]
    first, second = int(day), int(month) if month.isdigit() else 1
    # The month may come first.
    return 1 <= min(first, second) <= 12 and 1 <= max(first, second) <= 31


def _company(rows: Sequence[Row]) -> Match:
    """The first row with a legal form or kind of business, else the first row with a word."""
    top = [row for row in rows if sum(map(str.isalpha, row.text)) >= 4][:_TOP_ROWS]
    if not top:
        return NOTHING
    first = next((n for n, row in enumerate(top) if _FIRM.search(row.text.upper())), 0)
    last = first
    if first and (top[first].text.startswith("&") or _FIRM.match(top[first].text.upper())):
        first -= 1  # no name begins like that: it began on the row above
    if top[last].text.count("(") > top[last].text.count(")") and last + 1 < len(top):
        last += 1
    read = of_words(word for row in top[first : last + 1] for word in row.words)
    return Match(
        read.raw, read.confidence, read.box, normalised=_REGISTRATION.sub("", read.raw) or read.raw
    )


def _words_at(row: Row, start: int, end: int) -> Iterator[Word]:
    """The words that contain the characters from `start` to `end` (exclusive) of the row's text."""
    at = 0
    for word in row.words:
        if at < end and at + len(word.text) > start:
            yield word
        at += len(word.text) + 1
