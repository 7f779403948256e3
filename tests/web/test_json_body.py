from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_server.web import json_body
from ocr_server.web.json_body import PIECE_BYTES, Value, object_in, value_in

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)
LAYOUTS: list[dict[str, Any]] = [
    {}, {"ensure_ascii": False}, {"indent": 1}, {"separators": (",", ":")},
]  # fmt: skip


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("json") / "body"


def members_of(file: Path, body: bytes) -> dict[str, Value]:
    file.write_bytes(body)
    return object_in(file)


@pytest.fixture(params=[2, 3, 7, PIECE_BYTES])
def piece_bytes(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    """Pieces so short that everything is cut somewhere."""
    length = int(request.param)
    monkeypatch.setattr(json_body, "PIECE_BYTES", length)
    return length


@settings(max_examples=30)
@given(st.dictionaries(st.text(), VALUES, max_size=5), st.sampled_from(LAYOUTS))
def test_the_members_are_those_that_were_written(
    file: Path, value: dict[str, Any], layout: dict[str, Any]
) -> None:
    body = json.dumps(value, **layout).encode(errors="surrogatepass")

    members = members_of(file, body)

    assert {name: member.parsed() for name, member in members.items()} == value


ODD = {
    "a": '"\\/{}[],:\n\\"', "{": [{"}": "]"}, [[]], {}], "image": ["\\", "/+=\t", ""],
    "n": -1.5e-7, "ü€😀": "ü€😀", "quotes": '"' * 20 + "\\" * 21, "": None,
}  # fmt: skip


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pieces_may_be_cut_anywhere(file: Path, piece_bytes: int, layout: dict[str, Any]) -> None:
    del piece_bytes
    members = members_of(file, b"\xef\xbb\xbf \r\n" + json.dumps(ODD, **layout).encode() + b" \n")

    assert {name: member.parsed() for name, member in members.items()} == ODD
    texts = [b"".join(one.text_pieces()).decode() for one in members["image"].items()]
    assert texts == ODD["image"]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "nothing was sent"),
        (b" \n", "nothing was sent"),
        (b"[]", "not a JSON object"),
        (b"7", "not a JSON object"),
        (b'"text"', "not a JSON object"),
        (b"{", "not JSON"),
        (b'{"a"', "not JSON"),
        (b'{"a": ', "not JSON"),
        (b'{"a": 1', "not JSON"),
        (b'{"a": 1,}', "not JSON"),
        (b'{"a": 1} {', "not JSON"),
        (b'{"a": "b', "not JSON"),
        (b'{"a": "b\\', "not JSON"),
        (b'{"a": [1, {"b": 2}', "not JSON"),
        (b'{"a": [1}', "not JSON"),
        (b"{1: 2}", "not JSON"),
        (b'{"a" 1}', "not JSON"),
        (b'{"a": ' + b"[" * 50_000, "nested too deeply"),
        (b'{"a": ' + b"[" * 300 + b"]" * 300 + b"}", "nested too deeply"),
    ],
)
def test_what_is_no_object_is_told(file: Path, body: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        [value.parsed() for value in members_of(file, body).values()]


def test_too_many_members_are_refused(file: Path) -> None:
    body = json.dumps(dict.fromkeys(map(str, range(1001)), 1)).encode()

    with pytest.raises(ValueError, match="more than 1000 values"):
        members_of(file, body)


def test_a_value_that_is_large_is_not_parsed(file: Path) -> None:
    members = members_of(file, json.dumps({"image": "a" * 2**20, "dpi": 300}).encode())

    assert members["dpi"].parsed() == 300
    with pytest.raises(ValueError, match="more than 1048576 bytes"):
        members["image"].parsed()


def test_a_value_begins_behind_what_comes_before_it(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf  [1] ")

    assert (value_in(file).start, value_in(file).kind) == (5, b"[")


def test_others_may_run_between_the_pieces_of_a_long_text(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("time.sleep", pauses.append)

    short = members_of(file, b'{"image": "AAAA"}')["image"]
    assert list(short.text_pieces()) == [b"AAAA"]
    assert not pauses

    image = members_of(file, b'{"image": "%b"}' % (b"A" * 3 * PIECE_BYTES))["image"]
    assert len(pauses) == 3
    assert len(list(image.text_pieces())) == 3
    assert len(pauses) == 5


def test_what_has_no_escapes_is_skipped_without_the_slow_pattern(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped: list[bytes] = []
    pattern = json_body._TEXT

    class Watched:
        def match(self, piece: bytes, position: int) -> re.Match[bytes] | None:
            match = pattern.match(piece, position)
            skipped.append(match[0] if match else b"")
            return match

    monkeypatch.setattr(json_body, "_TEXT", Watched())

    members = members_of(file, b'{"image": "%b\\n%b"}' % (b"A" * 3 * PIECE_BYTES, b"A" * 9))

    assert members["image"].size_bytes == 3 * PIECE_BYTES + 13
    assert skipped == [b"", b"\\n" + b"A" * 9]
