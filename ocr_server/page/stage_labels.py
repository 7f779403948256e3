"""What each stage of the recipe does, in the words of the pages."""

from __future__ import annotations

from collections.abc import Mapping

# What each stage does, for the person who chooses which to leave out.
STAGE_LABELS: Mapping[str, str] = {
    "panes": "Divide what is several pages",
    "banners": "Lighten grey areas",
    "marks": "Wipe out marks over the text",
    "polarity": "Exchange light and dark",
    "orientation": "Turn upright",
    "rectify": "Cut out the sheet",
    "flatten": "Remove shadows",
    "deskew": "Straighten",
    "combs": "Read letters in boxes",
    "scale": "Bring the letters to size",
    "rules": "Wipe out grids",
    "turned": "Read what stands on its side",
    "numbers": "Read numbers of lines",
    "margin": "Add a margin",
    "language": "Find the language",
    "other-languages": "Read parts in other languages",
    "line": "Read as one line",
    "upside-down": "Turn what is upside down",
    "second-reader": "Ask the second reader",
    "dewarp": "Level curled lines",
    "retry": "Read again what is poor",
    "missed": "Look for what was missed",
    "rows": "Join rows",
    "gaps": "Part words at wide gaps",
    "labels": "Put in place what was read apart",
    "tables": "Read tables row by row",
    "long-s": "Mend long s that was read as f",
    "junk": "Drop guesses",
}

# Stages that look for a fault of the picture; one that finds none tells that the picture is fine in
# that respect.
PICTURE_STAGES = (
    "marks", "polarity", "orientation", "rectify", "flatten", "deskew", "scale", "rules",
)  # fmt: skip
