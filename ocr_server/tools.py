"""Tools for language models: read, verify, languages and profiles, as MCP lists and answers them.

A tool tells its progress page by page; a file that cannot be read is a result that says why, so
that the model can act.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeAlias

from ocr_server.document.languages import name_of
from ocr_server.document.model import Document, Page, Word
from ocr_server.document.roles import Roles
from ocr_server.errors import OcrServerError
from ocr_server.export import FORMATS
from ocr_server.export.blocks import Tabular
from ocr_server.export.markdown import page_markdown
from ocr_server.extraction.verification import CheckedWord, WordVerdict, verify
from ocr_server.job import Source
from ocr_server.pipeline import Accepted, Finished, PageFailed, PageRead
from ocr_server.request.build import ParsedRequest, build_job
from ocr_server.service import Service

Json: TypeAlias = dict[str, Any]  # arguments and results, as mixed as JSON is
MOST_CHARS = 50_000  # of an answer: some 12,000 tokens; the rest is read by its pages
FORMAT_NAMES = ("text", "markdown", "json")
INSTRUCTIONS = (
    "Reads printed and handwritten text in pictures and PDFs by OCR. Use read to get the text; use "
    "verify to hold figures and words that you read yourself against what really stands there."
)


@dataclass(frozen=True, slots=True)
class PagesDone:
    """How many pages are done, of how many."""

    done: int
    total: int


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a tool: the service, its arguments but for the file, and the file, if it takes one.

    `cancelled` makes an event for a piece of the work, which is set when nobody waits any more.
    """

    here: Service
    arguments: Mapping[str, Any]  # as mixed as JSON is
    source: Source | None
    cancelled: Callable[[], threading.Event]


Run: TypeAlias = Callable[[Call], Generator["PagesDone | Json"]]


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool; `run` yields progress, then its result. `takes_file`: it has a file to read."""

    title: str
    description: str
    run: Run
    properties: Json
    required: tuple[str, ...] = ()
    takes_file: bool = False


def list_tools(file_argument: str, file_meaning: str) -> list[Json]:
    """The tools as `tools/list` answers them; the file is the argument of that name."""
    return [
        {
            "name": name,
            "title": tool.title,
            "description": tool.description,
            "inputSchema": {
                "type": "object",
                "properties": {
                    **(
                        {file_argument: {"type": "string", "description": file_meaning}}
                        if tool.takes_file
                        else {}
                    ),
                    **tool.properties,
                },
                "required": [*([file_argument] if tool.takes_file else []), *tool.required],
                "additionalProperties": False,
            },
            "annotations": {"readOnlyHint": True, "openWorldHint": False},
        }
        for name, tool in TOOLS.items()
    ]


def check_arguments(name: str, arguments: Mapping[str, Any], file_argument: str) -> None:
    """Do nothing if there is such a tool, and the arguments are its own.

    Raises:
        ValueError: they are not; the message is for the client.
    """
    tool = TOOLS.get(name)
    if tool is None:
        raise ValueError(f"there is no tool {name[:60]}; there are {', '.join(TOOLS)}")
    known = [*([file_argument] if tool.takes_file else []), *tool.properties]
    if unknown := sorted(set(arguments).difference(known)):
        there = f"; there are {', '.join(known)}" if known else ""
        raise ValueError(f"{name} has no argument {', '.join(unknown)[:100]}{there}")
    needed = {*tool.required, *([file_argument] if tool.takes_file else [])}
    if missing := sorted(needed - set(arguments)):
        raise ValueError(f"{name} needs {', '.join(missing)}")
    kinds = {"string": str, "boolean": bool}
    for argument, value in arguments.items():
        schema = tool.properties.get(argument, {"type": "string"})
        if not isinstance(value, kinds[schema["type"]]):
            raise ValueError(f"{argument} must be a {schema['type']}")  # noqa: TRY004
        if "enum" in schema and value not in schema["enum"]:
            raise ValueError(f"{argument} must be one of {', '.join(schema['enum'])}")


def run_tool(name: str, call: Call) -> Generator[PagesDone | Json]:
    """The progress of a tool, then its result; errors of the work are results, too."""
    try:
        yield from TOOLS[name].run(call)
    except OcrServerError as error:
        yield failed(error)


def failed(error: OcrServerError) -> Json:
    """The result of a call that could not be done; the message says what to do about it."""
    told = {"error": error.message, "code": error.code}
    return _result(error.message, told) | {"isError": True}


def _read(call: Call) -> Generator[PagesDone | Json]:
    request = _request(call, "profile")
    document = yield from _document(call, request)
    format_ = str(call.arguments.get("format", "text"))
    shown = _shown(document, format_)
    told: Json = {
        "confidence": round(document.confidence, 4),
        "pages": len(document.kept),
        "failed_pages": [failure.page for failure in document.problems],
    }
    if format_ == "json":
        told["words"] = [json.loads(page) for page in shown]
        text = f"[{', '.join(shown)}]"
    else:
        text = told["text"] = "\n\n".join(shown)
    if document.fields:
        told["fields"] = {
            field.name: {"value": field.value, "raw": field.raw, "valid": field.is_valid}
            for _, field in document.fields
        }
    result = _result(text, told)
    if left := [page.number for page in document.outlines][len(shown) :]:
        told["left"] = _ranges(left)
        note = f"Not shown: pages {told['left']}. Read them by the argument pages."
        result["content"].append({"type": "text", "text": note})
    if call.arguments.get("picture"):
        result["content"].append(_picture(call, request, document))
    yield result


def _verify(call: Call) -> Generator[PagesDone | Json]:
    document = yield from _document(call, _request(call))
    told = verification_to_json(verify(str(call.arguments["text"]), document))
    words = told["words"]
    said = f"{told['found']} of {told['total']} words and figures stand there."
    for label, some in (
        ("Not as written", [one["text"] for one in words if one["verdict"] != WordVerdict.FOUND]),
        ("Elsewhere", [one["text"] for one in words if not one["in_order"]]),
        ("Left out", [text for one in words for text in one["skipped"]]),
    ):
        if some:
            said += f" {label}: {', '.join(some)[:2000]}."
    yield _result(said, told)


def verification_to_json(words: tuple[CheckedWord, ...]) -> Json:
    """A checked text as JSON: each word with its verdict and place, and how many were found."""
    return {
        "total": len(words),
        "found": sum(word.verdict is WordVerdict.FOUND for word in words),
        "words": [
            {
                "text": word.text,
                "verdict": str(word.verdict),
                "is_figure": word.is_figure,
                "page": word.page,
                "box": word.box.rounded() if word.box else None,
                "read": word.read,
                "confidence": None if word.confidence is None else round(word.confidence, 4),
                "in_order": word.in_order,
                "skipped": list(word.skipped),
            }
            for word in words
        ],
    }


def _languages(call: Call) -> Generator[PagesDone | Json]:
    names = {code: name_of(code) for code in call.here.engine.languages}
    text = "\n".join(f"{code}: {name}" for code, name in names.items())
    yield _result(text, {"default": list(call.here.settings.languages), "languages": names})


def _profiles(call: Call) -> Generator[PagesDone | Json]:
    told = {
        profile.name: {
            "meaning": profile.meaning,
            "fields": [field.name for field in profile.fields],
        }
        for profile in call.here.profiles.values()
    }
    text = "\n".join(f"{name}: {one['meaning']}" for name, one in told.items())
    yield _result(text, {"profiles": told})


def _request(call: Call, *more: str) -> ParsedRequest:
    assert call.source is not None  # noqa: S101  # as the face that took the call has seen
    options = {
        name: str(call.arguments[name])
        for name in ("languages", "pages", *more)
        if call.arguments.get(name)
    }
    return build_job(options, (call.source,), call.here)


def _document(call: Call, request: ParsedRequest) -> Generator[PagesDone, None, Document]:
    """Read the document, and return it when all pages are done.

    Raises:
        OcrServerError: no page could be read.
    """
    done, total = 0, 0
    for event in call.here.recognise(request.job, call.cancelled()):
        match event:
            case Accepted(page_refs):
                total = len(page_refs)
            case PageRead() | PageFailed():
                done += 1
                yield PagesDone(done, total)
            case Finished(document):
                if not document.pages and document.problems:
                    raise document.problems[0].error
                return document
    raise AssertionError  # Finished is always the last event


def _ranges(numbers: Sequence[int]) -> str:
    """Numbers of pages as `pages` takes them, such as 1-3,7."""
    runs = groupby(enumerate(numbers), lambda one: one[1] - one[0])
    ends = [[number for _, number in run] for _, run in runs]
    return ",".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in ends)


def _shown(document: Document, format_: str) -> list[str]:
    """As many pages as an answer has room for, at least one, each whole."""
    roles = Roles.of(document.pages) if format_ == "markdown" else Roles()
    shown: list[str] = []
    length = 0
    for page in document.pages:
        text = _page_text(page, format_, roles)
        length += len(text)
        if shown and length > MOST_CHARS:
            break
        shown.append(text)
    return shown


def _page_text(page: Page, format_: str, roles: Roles) -> str:
    match format_:
        case "markdown":
            return page_markdown(page, roles)
        case "json":
            return json.dumps(_words(page), ensure_ascii=False)
        case _:
            return page.text


def _words(page: Page) -> Json:
    """The words of a page by lines, with boxes in its pixels; a table has its rows of texts, too.

    `PageJson` has four times as many characters, mostly of figures that no model needs.
    """
    return {
        "page": page.number,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "zones": [
            {
                "kind": zone.kind,
                "box": zone.box.rounded(),
                "lines": [[_word(word) for word in line.words] for line in zone.lines],
                **({"rows": Tabular(zone.table).rows} if zone.table else {}),
            }
            for zone in page.zones
        ],
    }


def _word(word: Word) -> Json:
    confidence = round(word.confidence, 2)
    return {"text": word.text, "box": word.box.rounded(), "confidence": confidence}


def _picture(call: Call, request: ParsedRequest, document: Document) -> Json:
    """The first page with the boxes of its zones, lines and words, as image content."""
    drawn = replace(request, formats=("png",))
    first = replace(document, pages=tuple(document.pages[:1]), problems=())
    picture = call.here.render(first, drawn, call.cancelled()).read()
    return {
        "type": "image",
        "data": base64.b64encode(picture).decode(),
        "mimeType": FORMATS["png"].media_type,
    }


def _result(text: str, told: Json) -> Json:
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": told,
        "isError": False,
    }


_LANGUAGES: Json = {
    "type": "string",
    "description": "languages by the tool languages, joined by +, such as eng+deu, or auto",
}
_PAGES: Json = {"type": "string", "description": "pages such as 1-3,7 (default: all)"}
TOOLS: Mapping[str, Tool] = {
    "read": Tool(
        "Read text in a picture or PDF",
        "Returns the text of a picture or PDF, with a confidence from 0 to 1. format: text, "
        "markdown (headings and tables), or json (words with boxes, and the rows of tables). A "
        "profile finds the fields of one kind of picture. As many pages come back as "
        f"{MOST_CHARS} characters have room for, at least one; those that are left are named.",
        _read,
        {
            "format": {"type": "string", "enum": list(FORMAT_NAMES)},
            "languages": _LANGUAGES,
            "pages": _PAGES,
            "profile": {"type": "string", "description": "a name by the tool profiles"},
            "picture": {
                "type": "boolean",
                "description": "also return the first page as a picture with boxes",
            },
        },
        takes_file=True,
    ),
    "verify": Tool(
        "Hold a text against a picture or PDF",
        "Says which words and figures of a text stand on the pages, and where, and which do not; "
        "which stand elsewhere than in the text; and which of the page were left out between two. "
        "similar: look-alikes such as O and 0, punctuation inside or blanks differ.",
        _verify,
        {
            "text": {"type": "string", "description": "the text to check"},
            "languages": _LANGUAGES,
            "pages": _PAGES,
        },
        ("text",),
        takes_file=True,
    ),
    "languages": Tool("List the languages", "The languages that can be read.", _languages, {}),
    "profiles": Tool(
        "List the profiles", "Kinds of pictures whose fields are known.", _profiles, {}
    ),
}
