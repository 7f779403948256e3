from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from ocr_server.engines.characters import Character, line_of
from ocr_server.geometry import Box

texts = st.lists(st.text("abc", min_size=1, max_size=8), min_size=1, max_size=8)


@given(texts, st.floats(0, 1))
def test_words_keep_their_order_and_stay_inside_the_line(
    words: list[str], confidence: float
) -> None:
    line = " ".join(words)
    characters = [
        Character(one, confidence, (place + 0.5) / len(line))
        for place, one in enumerate(line)
        if one != " "
    ]

    found = line_of(characters, words, Box(10, 20, 110, 40).quad(), symbols=True)

    assert found.text == line
    assert all(10 <= word.box.left < word.box.right <= 110 for word in found.words)
    assert all(one.box.right < other.box.left for one, other in pairwise(found.words))
    assert all("".join(s.text for s in word.symbols) == word.text for word in found.words)
    assert all(word.confidence <= 1 for word in found.words)
