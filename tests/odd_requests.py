"""Requests that nobody would send: broken files, odd options, every route that takes a picture."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from PIL import Image

from ocr_server.request.options import OPTIONS
from tests.drawing import as_file, as_pages, draw_lines

KINDS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "PDF")
TOKENS = st.sampled_from(
    ["0", "-1", "1e9", "nan", "auto", "none", "true", "eng", "xyz", "../..", "1-3,7", "[]", "{}"]
)
VALUES = TOKENS | st.text(max_size=40)
OPTION_SETS = st.dictionaries(st.sampled_from(sorted(OPTIONS)), VALUES, max_size=3)
GOOD_OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "format": st.sampled_from(["json", "text", "tsv", "hocr", "text,json"]),
        "steps": st.sampled_from(["auto", "none"]),
        "layout": st.sampled_from(["auto", "line", "sparse", "1", "13"]),
        "detail": st.sampled_from(["page", "symbol"]),
        "pages": st.sampled_from(["1", "2", "1-9"]),
        "timeout_s": st.sampled_from(["0.1", "5"]),
    },
)


def draw_seeds() -> list[bytes]:
    """A small picture of a word in every kind of file, and files of several pages."""
    picture = draw_lines("Hi", size_px=20)
    seeds = [as_file(picture, kind) for kind in KINDS]
    seeds += [as_pages([picture, picture], kind) for kind in ("TIFF", "PDF")]
    seeds += [as_file(picture.convert(mode)) for mode in ("1", "LA", "P", "RGBA", "I;16")]
    seeds.append((Path(__file__).parent / "data" / "text.heic").read_bytes())
    return [*seeds, as_file(Image.new("L", (1, 1))), b"", b"text of a letter", b"%PDF-1.7\n"]


@st.composite
def files(draw: st.DrawFn) -> bytes:
    """A drawn file, whole or mutilated."""
    data = bytearray(draw(st.sampled_from(SEEDS)))
    for _ in range(draw(st.integers(0, 4))):
        if not data:
            break
        start = draw(st.integers(0, len(data) - 1))
        end = min(len(data), start + draw(st.integers(1, 64)))
        match draw(st.integers(0, 5)):
            case 0:
                data[start:end] = draw(st.binary(max_size=64))
            case 1:
                del data[start:]
            case 2:
                data[start:start] = data[start:end] * draw(st.integers(1, 50))
            case 3:
                data[start] ^= 1 << draw(st.integers(0, 7))
            case 4:
                data[start:end] = b"\xff" * (end - start)
            case _:
                data += draw(st.sampled_from(SEEDS))
    return bytes(data)


SEEDS = draw_seeds()
HEADERS = st.dictionaries(
    st.sampled_from(
        ["Accept", "X-Tika-OCRLanguage", "X-Tika-OCRPageSegMode", "Content-Encoding",
         "Authorization", "X-Request-ID", "traceparent", "Content-Disposition", "Range"]
    ),
    st.sampled_from(["*/*", "text/html", "gzip", "eng", "3", "Bearer x", "attachment; filename=a"])
    | st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=30),
    max_size=2,
)  # fmt: skip


@dataclass(frozen=True)
class Request:
    """One request of the test client: where to, and its keyword arguments."""

    method: str
    path: str
    sent: dict[str, Any]  # as the test client takes it


@st.composite
def requests(draw: st.DrawFn) -> Request:
    """A request to any route that takes a picture."""
    method, path, how_sent = draw(st.sampled_from(ROUTES))
    data, options = draw(files()), draw(GOOD_OPTIONS | OPTION_SETS)
    sent: dict[str, Any] = {"headers": draw(HEADERS)}
    match how_sent:
        case "form":
            part = draw(st.sampled_from(["file", "file", "file", "upload-file", "image"]))
            sent["data"] = {**options, part: (BytesIO(data), "a.png")}
        case "options":
            text = draw(st.just("{}") | st.text(max_size=30) | JSON.map(json.dumps))
            sent["data"] = {"file": (BytesIO(data), "a.png"), "options": text}
        case "raw":
            types = ["image/png", "application/pdf", "application/octet-stream", "text/plain", ""]
            sent["content_type"] = draw(st.sampled_from(types))
            sent.update(data=data, query_string=options)
        case member:
            body = (
                {**options, member: b64encode(data).decode()}
                if path == "/v1/documents"
                else ({member: b64encode(data).decode()})
            )
            sent["data"] = draw(st.just(json.dumps(body)) | JSON.map(json.dumps) | st.binary())
            sent["content_type"] = "application/json"
    return Request(method, path, sent)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["image", "base64", "languages", "trim", "format", "dpi"])
            | st.text(max_size=5),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)
ROUTES = (
    ("POST", "/v1/documents", "form"),
    ("POST", "/v1/documents", "raw"),
    ("POST", "/v1/documents", "image"),
    ("POST", "/v1/frames", "form"),
    ("POST", "/v1/frames", "raw"),
    ("POST", "/", "form"),
    ("POST", "/picture", "form"),
    ("POST", "/picture/prepared", "form"),
    ("POST", "/api/", "image"),
    ("POST", "/file", "form"),
    ("POST", "/base64", "base64"),
    ("PUT", "/process", "raw"),
    ("POST", "/tesseract", "options"),
    ("PUT", "/tika", "raw"),
    ("PUT", "/tika/text", "raw"),
    ("POST", "/tika/form", "form"),
    ("PUT", "/rmeta/xml", "raw"),
)
