"""The files of a page: where it stands in its source, and where a large one lies once read."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ocr_server.document.model import Page, StoredPage


@dataclass(frozen=True, slots=True)
class PageRef:
    """A page in its file: `index` counts pages of the file from 0, `number` of the job from 1.

    `reports_progress`: whether progress of reading it is recorded; `is_drawn`: whether a picture of
    it is drawn before it is read.
    """

    path: Path
    index: int
    number: int
    reports_progress: bool = False
    is_drawn: bool = False

    @property
    def progress_path(self) -> Path:
        """The page's progress file, which exists only if it `reports_progress`."""
        return self.path.with_name(f"{self.path.name}-progress-{self.number}")

    @property
    def drawn_path(self) -> Path:
        """The page's picture for browsers, which exists only if it `is_drawn` and can be."""
        return self.path.with_name(f"{self.path.name}-drawn-{self.number}")

    @property
    def page_path(self) -> Path:
        """The file of a page that is too large to be held in memory.

        Copies of PDF pages lie beside it, named by their index: `opened_page`.
        """
        return self.path.with_name(f"{self.path.name}-stored-{self.number}")


@dataclass(frozen=True, slots=True)
class PageReading:
    """A page that was read; without zones if they stand in its file, with confidence and letters.

    Both are those of the whole page, and None if it has its zones.
    """

    page: Page
    confidence: float | None = None
    letter_count: int | None = None

    def kept(self, page_ref: PageRef) -> Page | StoredPage:
        """The page, or where it is stored."""
        if self.confidence is None or self.letter_count is None:
            return self.page
        return StoredPage(page_ref.page_path, self.page, self.confidence, self.letter_count)
