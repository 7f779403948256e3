"""The options of a request: one table for the form, the query, JSON, the CLI and OpenAPI.

An option that `sets` a member of a dataclass has its default there, and `build` puts its value
there. To add one: a member of `ReadOptions` with its default, and an entry in this table.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

from ocr_server.document.json_schema import Schema
from ocr_server.engines import ENGINE_CHOICES
from ocr_server.export import FORMATS
from ocr_server.export.rendering import FurnitureUse, LineUse, Rendering, SignatureUse
from ocr_server.imaging.operations import parse_operations
from ocr_server.job import (
    Detail,
    HandwritingUse,
    Job,
    Layout,
    LineNumberUse,
    ReadOptions,
    TextLayerUse,
)
from ocr_server.page.recipe import STAGES
from ocr_server.request import specs
from ocr_server.request.parsing import (
    MOST_LETTERS,
    Choice,
    Flag,
    Number,
    Several,
    Text,
    ValueKind,
    parse_alphabet,
    parse_alternatives,
    parse_languages,
    parse_layout,
    parse_pages,
    parse_words,
    write_layout,
)

MOST_SECONDS = 86_400
_IS_JSON = {"contentMediaType": "application/json"}


@dataclass(frozen=True, slots=True)
class Option:
    """One option.

    `meaning` is Markdown; `route` lists the values. `sets` names the dataclass and the member that
    get the parsed value; without `sets`, `build` uses it. `otherwise` describes the default where
    that is not a value of the option. `in_profiles`: a profile may set it. `shapes_answer`:
    `/v1/render` takes it. `only_in_body`: a secret, which the query string must not have.
    """

    kind: ValueKind[Any]  # each option has a type of its own
    meaning: str
    route: str | None = None
    sets: tuple[type, str] | None = None
    default_value: Any = None  # of an option that sets nothing by itself
    otherwise: str | None = None
    in_profiles: bool = False
    shapes_answer: bool = False
    only_in_body: bool = False

    def parse(self, text: str) -> Any:  # noqa: ANN401  # each option has a type of its own
        """The value that the text stands for; see `ValueKind.parse`."""
        return self.kind.parse(text)

    @property
    def description(self) -> str:
        """The meaning, and the route that lists the values, as Markdown."""
        return f"{self.meaning}; see `{self.route}`" if self.route else self.meaning

    @property
    def schema(self) -> Schema:
        """The values as a JSON schema."""
        return self.kind.schema

    @property
    def default(self) -> str:
        """What holds when the option is not given, as Markdown."""
        if self.otherwise is not None:
            return self.otherwise
        value = _default_of(*self.sets) if self.sets else self.default_value
        return f"`{self.kind.write(value)}`"


def _default_of(owner: type, member: str) -> object:
    (default,) = (field.default for field in fields(owner) if field.name == member)
    assert default is not MISSING  # noqa: S101  # an option can be left out
    return default


OPTIONS: Mapping[str, Option] = {
    "languages": Option(
        Text(parse_languages, "eng+deu"),
        "languages of the text, joined by `+`; `auto` finds that of each page among the installed "
        "ones, `auto+deu` tries German first",
        route="/v1/languages", sets=(ReadOptions, "languages"), otherwise="`OCR_LANGUAGES`",
        in_profiles=True,
    ),
    "engine": Option(
        Choice({name: name for name in ENGINE_CHOICES}),
        f"the engine: {', '.join(f'`{name}`' for name in ENGINE_CHOICES)}; `rapidocr` and `best` "
        "need the packages of the category `second-reader`, `tesserocr` those of `warm`",
        sets=(ReadOptions, "engine"), otherwise="`OCR_ENGINE`", in_profiles=True,
    ),
    "format": Option(
        Several(tuple(FORMATS), "text,hocr"),
        f"{', '.join(f'`{name}`' for name in FORMATS)}; several make a ZIP archive; also chosen "
        "by `Accept`",
        default_value=("json",), shapes_answer=True,
    ),
    "steps": Option(
        Text(parse_operations, "contrast,deskew", ",".join),
        "what is done to the picture: `auto` (the recipe), `none`, or operations in order such as "
        "`contrast,deskew,sauvola(k=0.3)`",
        route="/v1/steps", sets=(ReadOptions, "operations"), in_profiles=True,
    ),
    "without": Option(
        Several(tuple(STAGES), "deskew,flatten", {"read": "read cannot be left out"}),
        f"stages that `auto` leaves out: {', '.join(f'`{name}`' for name in STAGES)}",
        sets=(ReadOptions, "skip_stages"), otherwise="nothing",
    ),
    "layout": Option(
        Text(parse_layout, "line", write_layout),
        f"{', '.join(f'`{name}`' for name in Layout)}, or a page segmentation mode of Tesseract",
        sets=(ReadOptions, "psm"), in_profiles=True,
    ),
    "detail": Option(
        Choice({detail.name.lower(): detail for detail in Detail}),
        f"how deep the JSON goes: {', '.join(f'`{detail.name.lower()}`' for detail in Detail)}",
        sets=(Rendering, "detail"), shapes_answer=True,
    ),
    "pages": Option(
        Text(parse_pages, "1-3,7"),
        "pages to read, such as `1-3,7`",
        sets=(Job, "pages"), otherwise="all",
    ),
    "zones": Option(
        Text(specs.parse_zones, specs.ZONES_EXAMPLE, more=_IS_JSON),
        'rectangles to read, as JSON: `[{"box": [left, top, right, bottom], "name": "total", '
        '"layout": "line", "alphabet": "0123456789."}]`, in pixels of the page; only `box` '
        "is required, or `box_percent` in its place",
        sets=(ReadOptions, "zones"), otherwise="all of the page",
    ),
    "corners": Option(
        Text(specs.parse_corners, specs.CORNERS_EXAMPLE, more=_IS_JSON),
        "what is read of each page, as JSON: its four corners `[[x, y], …]` in pixels of the page, "
        "clockwise from the one that is the upper left of the text; it is read as if seen from "
        "above, and `zones` are then in its pixels",
        otherwise="all of the page",
    ),
    "profile": Option(
        Text(str, "mrz"),
        "the kind of picture: options and fields under one name",
        route="/v1/profiles",
        otherwise="none",
    ),
    "fields": Option(
        Text(specs.parse_fields, specs.FIELDS_EXAMPLE, more=_IS_JSON),
        "values to look for, by zone, by the words before them, or by their form, as JSON: "
        '`{"lot": {"after": ["LOT"], "mask": "AA-9999"}}`',
        otherwise="the profile’s",
    ),
    "alphabet": Option(
        Text(parse_alphabet, "0123456789", more={"maxLength": MOST_LETTERS}),
        "the only characters that Tesseract may read; the second engine is then not used",
        sets=(ReadOptions, "alphabet"), otherwise="any", in_profiles=True,
    ),
    "min_confidence": Option(
        Number(0, 1),
        "words less certain than this are left out",
        sets=(ReadOptions, "min_confidence"), in_profiles=True,
    ),
    "dpi": Option(
        Number(1, 10_000),
        "resolution of the pictures",
        sets=(ReadOptions, "dpi"), otherwise="the file’s", in_profiles=True, shapes_answer=True,
    ),
    "lines": Option(
        Choice({lines.value: lines for lines in LineUse}),
        "`join` makes one line of each paragraph; `keep` has the lines of the page; `layout` keeps "
        "indents and columns of `text` by blanks, as of code, terminals and price lists, and is a "
        "block of code in `markdown`; `auto` joins lines of prose in `docx` and `html`, where rows "
        "of receipts, forms and addresses stay rows, and keeps all in the others",
        sets=(Rendering, "lines"), shapes_answer=True,
    ),
    "furniture": Option(
        Choice({use.value: use for use in FurnitureUse}),
        "heads, feet and numbers of pages, found by likeness from page to page: `keep` leaves them "
        "where they stand, `drop` leaves them out, `once` tells each head and foot where it comes "
        "first; in `text`, `markdown`, `html`, `docx` and the texts of `json`; `auto` makes heads "
        "and feet of Word’s own in `docx`, and keeps them in the others",
        sets=(Rendering, "furniture"), shapes_answer=True,
    ),
    "line_numbers": Option(
        Choice({use.value: use for use in LineNumberUse}),
        "numbers of lines at the left of court papers and source code: `keep` puts each before its "
        "line, `drop` leaves them out",
        sets=(ReadOptions, "line_numbers"), in_profiles=True,
    ),
    "codes": Option(
        Flag(),
        "look for bar codes and matrix codes: QR, Data Matrix, Aztec, PDF417, Code 128, Code 39, "
        "EAN and UPC; needs the packages of the category `codes`",
        sets=(ReadOptions, "codes"), in_profiles=True,
    ),
    "handwriting": Option(
        Choice({use.value: use for use in (HandwritingUse.AUTO, HandwritingUse.NEVER)}),
        "of languages in Western letters: with `auto` the second reader reads lines as handwriting "
        "where it is then surer, with `never` it does not; a frame is read as handwriting only if "
        "`auto` is given",
        sets=(ReadOptions, "handwriting"), in_profiles=True,
    ),
    "text_layer": Option(
        Choice({layer.value: layer for layer in TextLayerUse}),
        "the text layer of a PDF: `auto` uses it where it is good, `ignore` recognises "
        "every page, `only` recognises none",
        sets=(ReadOptions, "text_layer"), in_profiles=True,
    ),
    "alternatives": Option(
        Text(parse_alternatives, "dictionary,engine", ",".join),
        "where other readings of a word come from, in `json` and `alto`: `dictionary` (for "
        "doubtful words, where the language has a dictionary), `engine` (recognition then takes "
        "about a third longer), `dictionary,engine`, or `none`",
        default_value=("dictionary",),
    ),
    "correct": Option(
        Choice({"none": False, "dictionary": True}),
        "`dictionary` puts the only likely word in the place of a very doubtful one, which then "
        "says what it was (`corrected_from`)",
        sets=(ReadOptions, "correct"),
    ),
    "words": Option(
        Text(parse_words, "Kowalczyk,QX-7741"),
        "names, part numbers and other words of your own, at most 50,000, separated by commas or "
        "blanks: a doubtful word that looks like exactly one of them becomes it, and says what it "
        "was (`corrected_from`)",
        sets=(ReadOptions, "words"), otherwise="`OCR_WORDS`", in_profiles=True,
    ),
    "password": Option(
        Text(str, "secret", more={"format": "password"}),
        "opens a protected PDF",
        sets=(Job, "password"), otherwise="none", shapes_answer=True, only_in_body=True,
    ),
    "signatures": Option(
        Choice({use.value: use for use in SignatureUse}),
        "those of a signed PDF, in `pdf`: `keep` adds the text behind what was signed, or refuses "
        "where the signer forbids it, `drop` writes the PDF anew without them",
        sets=(Rendering, "signatures"), shapes_answer=True,
    ),
    "timeout_s": Option(
        Number(0.1, MOST_SECONDS),
        "seconds the request may take, at most `OCR_TIMEOUT_S`",
        otherwise="`OCR_TIMEOUT_S`", shapes_answer=True,
    ),
    "partial": Option(
        Flag(),
        "answer with the good pages although others failed (JSON always does)",
        default_value=False,
    ),
    "pictures": Option(
        Flag(),
        "with the events: each `page` is followed by a `picture` of it, a JPEG of at most 1,600 "
        "pixels",
        default_value=False,
    ),
}  # fmt: skip
RENDERING_OPTIONS = tuple(name for name, option in OPTIONS.items() if option.shapes_answer)
