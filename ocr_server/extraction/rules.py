"""From what was read to a value: mask and map, check rule, pattern and confidence, in that order.

Nothing is put right but by the map and only where the mask wants the other kind; what breaks a
rule stays as it was read and says why it is not valid.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ocr_server.document.model import Field
from ocr_server.extraction.candidate import Match
from ocr_server.extraction.checks import agrees
from ocr_server.extraction.masks import Fit, parse_mask
from ocr_server.job import FieldSpec


def validate_field(asked: FieldSpec, candidate: Match) -> Field:
    """The field that the candidate makes, valid or not."""
    text = candidate.text.strip()
    fitted = fit(asked, text)
    value = fitted.text if fitted else text
    return Field(
        name=asked.name,
        value=value or None,
        raw=candidate.raw.strip(),
        confidence=candidate.confidence if value or candidate.is_blank else 0.0,
        reason=next(_faults(asked, candidate, value, does_fit=fitted is not None), None),
        box=candidate.box,
    )


def fit(asked: FieldSpec, text: str) -> Fit | None:
    """The text as the field's mask wants it; without a mask every text fits."""
    if asked.mask is None:
        return Fit(text, 0)
    mask = parse_mask(asked.mask)
    if not mask.has_blanks:
        text = "".join(text.split())
    return mask.fit(text, dict(asked.character_map))


def _faults(asked: FieldSpec, candidate: Match, value: str, *, does_fit: bool) -> Iterator[str]:
    if candidate.error is not None:
        yield candidate.error
    if candidate.is_blank:
        return
    if not value:
        yield "nothing was read"
    if not does_fit:
        yield f"does not fit the mask {asked.mask}"
    if asked.check is not None and not agrees(asked.check, value):
        yield f"the check digit does not agree ({asked.check})"
    if asked.pattern is not None and not re.fullmatch(asked.pattern, value):
        yield f"does not match the pattern {asked.pattern}"
    if candidate.confidence < asked.min_confidence:
        yield f"confidence {candidate.confidence:.2f} is under {asked.min_confidence:.2f}"
