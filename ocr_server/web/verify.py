"""`POST /v1/verify`: a text, a language model's perhaps, held against a picture or PDF."""

from __future__ import annotations

from typing import Annotated

from flask import Blueprint, request
from pydantic import Field
from typing_extensions import TypedDict

from ocr_server.document.schema import Count, Share, strict
from ocr_server.extraction.verification import WordVerdict, verify
from ocr_server.request.build import build_job
from ocr_server.request.faults import Faults, fault_of
from ocr_server.tools import verification_to_json
from ocr_server.web.body import read_texts
from ocr_server.web.context import hang_up, service

blueprint = Blueprint("verify", __name__)


@strict
class CheckedWordJson(TypedDict):
    """A word of the text, and where it stands."""

    text: str
    verdict: Annotated[
        WordVerdict,
        Field(description="`similar`: look-alikes such as O and 0, punctuation or blanks differ"),
    ]
    is_figure: bool
    """whether it has digits"""
    page: Annotated[int | None, Field(description="from 1; null where it is missing")]
    box: Annotated[
        list[int] | None,
        Field(description="left, top, right, bottom in pixels of the page", min_length=4),
    ]
    read: str | None
    """what stands there"""
    confidence: Share | None
    in_order: bool
    """false where it stands elsewhere than its place among the other words of the text says"""
    skipped: list[str]
    """the words of the page, five at most, between it and the word before it in the text"""


@strict
class VerificationJson(TypedDict):
    """Which words of a text stand on the pages."""

    total: Count
    """words of the text"""
    found: Count
    """those that stand there as they are"""
    words: list[CheckedWordJson]


@blueprint.post("/v1/verify")
def verify_text() -> dict[str, object]:
    """Which words and figures of a text stand on the pages of a document, and where."""
    here = service()
    with here.admission.admit():
        faults = Faults()
        texts, sources = read_texts(request, faults, most_files=here.settings.max_pages)
        text = texts.pop("text", "")
        if not text.strip():
            faults.append(fault_of("text", "send the text that is held against the pages"))
        parsed = build_job(texts, sources, here, faults=faults)
        document = here.read(parsed.job, hang_up())
    if document.problems:
        raise document.problems[0].error
    return verification_to_json(verify(text, document))
