"""Every message that a person may read, as it stands in templates, scripts and modules."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from http import HTTPStatus
from pathlib import Path

from babel import Locale
from jinja2 import Environment, nodes
from jinja2.ext import extract_from_ast

import ocr_server
from ocr_server import errors
from ocr_server.document.languages import AUTO, FRAKTUR, name_of
from ocr_server.export import FORMATS
from ocr_server.page.recipe import STAGE_LABELS
from ocr_server.web.pages import LAYOUTS
from ocr_server.web.translation import LIST, SCRIPTS_PART, SERVER_PART, Message

PACKAGE = Path(ocr_server.__file__).parent
TEMPLATES = PACKAGE.parent / "templates"
SCRIPTS = PACKAGE / "static" / "js"
SPOKEN_ATTRIBUTES = {"aria-label", "title", "placeholder", "alt"}
# Where errors are raised that a person at the pages may see: not those of other services' routes.
OF_READING = (
    "errors.py", "deadline.py", "document/languages.py", "export", "pdf", "request", "sources",
    "page", "pipeline.py", "runtime/admission.py", "runtime/crash_retry.py", "web/auth.py",
)  # fmt: skip
# Where options are found to be wrong.
OF_FAULTS = (
    "request", "web/body.py", "web/negotiation.py", "web/base64_text.py", "bounds.py",
    "imaging/operations.py", "document/languages.py",
)  # fmt: skip
MOST_LETTERS_OF_A_UNIT = 2  # "{n} px" is a value, and no words
# What is called the same in every language, or is shown as it is typed.
NAMES = {"ocr-", "– ocr-server", "server", "API", "OpenAPI 3.1", "POST"}
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_CALL = re.compile(r'\b_\(\s*("[^"\n]*"(?:\s*\+\s*"[^"\n]*")*)')  # a message may be in two pieces
_LETTERS = re.compile(r"[A-Za-z]{2}")


def messages_by_part() -> dict[str, set[str]]:
    """The English of every message by the part of a catalogue that has it, each in one part."""
    scripts = set(_of_scripts())
    pages = {*_of_templates(), *_of_tables(), *_of_calls()} - scripts
    return {
        "pages": pages,
        SCRIPTS_PART: scripts,
        SERVER_PART: {*_of_errors(), *_of_faults(), *_of_advice(), *_of_stages()} - scripts - pages,
    }


def blank_forms(english: str, language: str) -> Message:
    """What a catalogue has of a message that is not translated yet."""
    if "|" not in english:
        return ""
    return dict.fromkeys([*sorted(Locale.parse(language).plural_form.tags), "other"], "")


def _of_templates() -> Iterator[str]:
    for file in TEMPLATES.glob("*.html"):
        for _, _, message in extract_from_ast(parsed(file), ["_"]):
            assert isinstance(message, str | tuple), file
            yield message if isinstance(message, str) else str(message[0])


def parsed(file: Path) -> nodes.Template:
    """A template as Jinja reads it."""
    return Environment(autoescape=True).parse(file.read_text(encoding="utf-8"))


def _of_tables() -> Iterator[str]:
    yield from (format_.label for format_ in FORMATS.values())
    yield from STAGE_LABELS.values()
    yield from (name for _, name in LAYOUTS)
    yield from map(name_of, (AUTO, FRAKTUR))


def _of_calls() -> Iterator[str]:
    """What the modules of the web say to the pages."""
    for call in _calls(PACKAGE / "web", {"in_words"}):
        yield from patterns_of(call.args[0])


def _of_scripts() -> Iterator[str]:
    for file in SCRIPTS.rglob("*.js"):
        for call in _CALL.finditer(file.read_text(encoding="utf-8")):
            yield "".join(re.findall(r'"([^"\n]*)"', call[1]))


def _of_errors() -> Iterator[str]:
    """Titles of errors, and what they say where they are raised for a reading."""
    kinds = {
        name: kind
        for name, kind in vars(errors).items()
        if isinstance(kind, type)
        and issubclass(kind, errors.OcrServerError)
        and name not in {"SettingsError", "StationError", "AddressUnavailable"}  # told at start
    }
    yield from (kind.title for kind in kinds.values())
    yield from (HTTPStatus.NOT_FOUND.phrase, HTTPStatus.METHOD_NOT_ALLOWED.phrase)
    yield from _of_unforeseen()
    for place in OF_READING:
        for call in _calls(PACKAGE / place, {*kinds, "cls"}):
            yield from (text for one in call.args[:1] for text in patterns_of(one) if " " in text)


def _of_unforeseen() -> Iterator[str]:
    """What is said of wrong paths and methods, and of errors that nobody foresaw."""
    for function in ast.walk(ast.parse((PACKAGE / "web/problems.py").read_text(encoding="utf-8"))):
        if getattr(function, "name", "") not in {"_detail_of", "unexpected_problem"}:
            continue
        for node in ast.walk(function):
            match node:
                case ast.Return(value=ast.expr() as value):
                    yield from patterns_of(value)
                case ast.Dict(keys=keys, values=values):
                    for key, value in zip(keys, values, strict=True):
                        if getattr(key, "value", "") in {"title", "detail"}:
                            yield from patterns_of(value)


def _of_faults() -> Iterator[str]:
    """What is wrong with options and what may be used, but for what quotes JSON."""
    yield LIST
    for place in OF_FAULTS:
        told = [call.args[0] for call in _calls(PACKAGE / place, {"ValueError"}) if call.args]
        told += [call.args[1] for call in _calls(PACKAGE / place, {"fault_of"})]
        told += [
            refused
            for call in _calls(PACKAGE / place, {"Several"})
            for one in call.args
            if isinstance(one, ast.Dict)
            for refused in one.values
        ]
        told += _parts_of_faults(PACKAGE / place)
        for text in (text for one in told for text in patterns_of(one)):
            if '"' not in text and " " in text and text == text.strip():
                yield text


def _parts_of_faults(place: Path) -> Iterator[ast.expr]:
    """What faults are put together of: `how`, what is yielded, and bounds of numbers."""
    for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            match node:
                case (
                    ast.Assign(
                        targets=[ast.Name(id="how" | "told" | "EMPTY" | "_HOW_TO_SEND")],
                        value=value,
                    )
                    | ast.Yield(value=value)
                ):
                    if value:
                        yield value
                case ast.FunctionDef(name="__str__"):
                    yield from (one for one in ast.walk(node) if isinstance(one, ast.expr))


def _of_advice() -> Iterator[str]:
    """What is wrong with a picture, and what can be done about it."""
    for name in ("quality", "language_stage", "written_down"):
        for call in _calls(PACKAGE / "page" / f"{name}.py", {"Advice"}):
            yield from (text for one in call.args for text in patterns_of(one) if " " in text)


def _of_stages() -> Iterator[str]:
    """What stages have found and done."""
    for folder in ("page", "imaging"):
        for file in sorted((PACKAGE / folder).glob("*.py")):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(func=ast.Name(id="StageResult"), args=args):
                        told = args[1:]
                    case ast.Call(func=ast.Name(id="StageRecord"), args=args):
                        told = args[1:3]
                    case ast.Call(func=ast.Name(id="OperationResult"), args=args, keywords=words):
                        told = args[1:]
                        told += [word.value for word in words if word.arg in {"did", "found"}]
                    case ast.Assign(targets=[ast.Name(id="found" | "did" | "reason")], value=value):
                        told = [value]
                    case ast.FunctionDef(
                        name="summary", body=[*_, ast.Return(value=ast.expr() as value)]
                    ):
                        told = [value]
                    case _:
                        continue
                yield from (text for one in told for text in patterns_of(one))


def _calls(place: Path, names: set[str]) -> Iterator[ast.Call]:
    for file in [place] if place.is_file() else sorted(place.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                called = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if called in names:
                    yield node


def patterns_of(expression: ast.expr) -> Iterator[str]:
    """The texts that an expression may be, with `{name}` for what is filled in."""
    match expression:
        case ast.Constant(value=str(text)):
            found = text
        case ast.JoinedStr(values=values):
            names: list[str] = []
            found = "".join(_part(value, names) for value in values)
        case ast.IfExp(body=one, orelse=other):
            yield from patterns_of(one)
            yield from patterns_of(other)
            return
        case _:
            return
    if len(re.findall(r"[A-Za-z]", re.sub(r"\{\w+\}", "", found))) > MOST_LETTERS_OF_A_UNIT:
        yield found


def _part(value: ast.expr, names: list[str]) -> str:
    match value:
        case ast.Constant(value=str(text)):
            return text
        case ast.FormattedValue(value=filled):
            last = re.findall(r"[a-z][a-z_]*", ast.unparse(filled).rpartition(".")[2])
            name = last[0] if last else "value"
            while name in names:
                name += "_"
            names.append(name)
            return f"{{{name}}}"
    return ""


def unwrapped_of_template(file: Path) -> set[str]:
    """Words of a template that are not in a message: as text, in attributes, in expressions."""
    finder = _Finder()
    finder.feed(_JINJA.sub("", file.read_text(encoding="utf-8")))
    template = parsed(file)
    messages = {
        constant
        for call in template.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name == "_"
        for constant in call.find_all(nodes.Const)
    }
    constants = {
        constant.value
        for constant in template.find_all(nodes.Const)
        if isinstance(constant.value, str)
        and re.match(r"[A-Z][a-z]+", constant.value)
        and constant not in messages
    }
    return {text for text in finder.found | constants if text not in NAMES}


class _Finder(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._silent = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in {"code", "kbd", "script"}:
            self._silent += 1
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and _LETTERS.search(value or ""):
                self.found.add(value or "")

    def handle_endtag(self, tag: str) -> None:
        if tag in {"code", "kbd", "script"}:
            self._silent -= 1

    def handle_data(self, data: str) -> None:
        if not self._silent and _LETTERS.search(data):
            self.found.add(data.strip())


# Texts of scripts that nobody reads: of selectors, of errors for us, of names.
_NOT_SAID = re.compile(
    r"""(?:throw\ new\ Error|reject\(new\ Error|querySelector(?:All)?|closest|found|import|from
        |matchMedia|createElement)\s*\(?[^;]*$""",
    re.VERBOSE,
)
_PROSE = re.compile(r"^[A-Z][a-z]+[ .…]|^[A-Za-z][a-z]+ [a-z]+|[a-z]{2} [a-z]{2,}.*[.?!…]$")


def unwrapped_of_script(file: Path) -> set[str]:
    """Texts of a script that read like prose, and are not in a message."""
    text = re.sub(
        r"/\*.*?\*/|(?<![:\"])//[^\n]*", "", file.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    found = set()
    for match in re.finditer(r'"((?:[^"\\\n]|\\.)*)"|`((?:[^`\\]|\\.)*)`', text):
        said = match[1] if match[1] is not None else re.sub(r"\$\{.*?\}", "{}", match[2])
        before = text[max(0, match.start() - 400) : match.start()]
        is_message = re.search(r'\b_\(\s*(?:"[^"\n]*"\s*\+\s*)*$', before)
        statement = before.rpartition(";")[2].rpartition("\n")[2]
        if _PROSE.search(said) and not is_message and not _NOT_SAID.search(statement):
            found.add(said)
    return found
