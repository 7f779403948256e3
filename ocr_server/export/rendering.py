"""How a document is rendered: `Rendering`, its options, and what becomes of a PDF's claims."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from ocr_server.job import Detail, Limits


class LineUse(StrEnum):
    """How lines are written: as lines, joined to paragraphs, or at their positions on the page.

    `AUTO` joins them in formats for word processors and browsers, and keeps them in the others.
    """

    AUTO = "auto"
    KEEP = "keep"
    JOIN = "join"
    LAYOUT = "layout"


class FurnitureUse(StrEnum):
    """What becomes of the heads, feet and numbers of pages.

    `AUTO` makes heads and feet of Word's own in `docx`, and keeps them where they stand elsewhere.
    """

    AUTO = "auto"
    KEEP = "keep"
    DROP = "drop"
    ONCE = "once"  # where they come first, without the numbers of pages


class SignatureUse(StrEnum):
    """What becomes of the signatures of a PDF that is to get a text layer."""

    KEEP = "keep"
    DROP = "drop"


class Claim(StrEnum):
    """What a PDF claims of itself, and writing it can make untrue."""

    SIGNATURES = "signatures"
    PDF_A = "pdf-a"


class ClaimOutcome(StrEnum):
    """What became of a claim; `UPDATED`: text was appended behind what was signed."""

    KEPT = "kept"
    UPDATED = "updated"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Rendering:
    """Options of rendering a document; a format ignores those that do not apply to it.

    `limits` and `password` are for formats that open the sources again. `claims` is filled in by
    the format, before it yields anything.
    """

    detail: Detail = Detail.WORD
    lines: LineUse = LineUse.AUTO
    furniture: FurnitureUse = FurnitureUse.AUTO
    limits: Limits = field(default_factory=Limits)
    password: str | None = field(default=None, repr=False)
    signatures: SignatureUse = SignatureUse.KEEP
    claims: dict[Claim, ClaimOutcome] = field(default_factory=dict, compare=False)

    @property
    def join_lines(self) -> bool:
        """Whether the lines of a paragraph are joined, and hyphens at their ends resolved."""
        return self.lines is LineUse.JOIN

    @property
    def flows(self) -> bool:
        """The same of formats whose readers set the lines anew, where nothing else is asked for."""
        return self.lines in {LineUse.AUTO, LineUse.JOIN}

    @property
    def keeps_rows(self) -> bool:
        """Whether lines that are no prose keep their ends there."""
        return self.lines is LineUse.AUTO
