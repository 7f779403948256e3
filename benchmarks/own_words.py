"""How many misread names the option `words` mends, and how many right words it spoils.

    python -m benchmarks.own_words CORPUS [--names 50000] [--sample N] [--engine NAME]

The corpus is a folder as `benchmarks.accuracy` describes it. Its rare words are the capitalised
ones of the true texts that no dictionary knows. The list has all of them, and invented names. Read
words are paired with true ones by aligning both texts; words that are split or joined are left out.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import product

from benchmarks.accuracy import Item, asked_items, check_languages, options, processes, read_item
from ocr_server.document.model import Page
from ocr_server.job import ReadOptions
from ocr_server.page.own_words import own_words
from ocr_server.page.spelling import dictionary_of, suggest_spellings

BEGINNINGS = "Ba Bre Cha Dzie Fro Gra He Jo Kla Kow Lu Ma Nie Pfau Ra Schu Sto Tre Va Wol Za"
MIDDLES = "bel chan der ffer gin kin lla mann nor pper ren sik tten vic wen zy"
ENDS = "berg court enko ford haus ides ley mond ner ova quist ring sen ski ton wald"
TRIMMED = ".,;:!?()[]{}\"'’“”„«»*"


@dataclass(frozen=True, slots=True)
class Pair:
    """A true word, as it was read, and as the list corrected it; case does not count."""

    true: str
    read: str
    corrected: str


def main() -> int:
    """Measure and print."""
    parser = options("benchmarks.own_words", __doc__)
    parser.add_argument("--names", type=int, default=50_000, help="words of the list (50000)")
    asked = parser.parse_args()
    items = asked_items(asked)
    check_languages(items, asked.engine)
    with processes(asked.workers) as pool:
        pages = list(pool.map(_read, [(item, asked.engine) for item in items]))
    rare = {word for item in items for word in rare_words(item)}
    words = "\n".join([*sorted(rare), *invented(asked.names - len(rare))])
    own_words(words)  # indexed before the time is taken
    begun_s = time.process_time()
    corrected = [
        suggest_spellings(page, ReadOptions(languages=item.languages, words=words))
        for item, page in zip(items, pages, strict=True)
    ]
    ms = (time.process_time() - begun_s) * 1000 / max(1, len(items))
    pairs = [
        pair
        for item, page, better in zip(items, pages, corrected, strict=True)
        for pair in aligned(item, page, better)
    ]
    known = {word.lower() for word in rare}
    misread = [pair for pair in pairs if pair.true in known and pair.read != pair.true]
    right = [pair for pair in pairs if pair.read == pair.true]
    mended = sum(pair.corrected == pair.true for pair in misread)
    spoilt = sum(pair.corrected != pair.true for pair in right)
    print(f"{len(items)} pictures, a list of {words.count(chr(10)) + 1} words, {asked.engine}")
    print(f"rare words misread: {len(misread)}; mended: {mended}")
    print(f"words read rightly: {len(right)}; spoilt: {spoilt}")
    print(f"{ms:.1f} ms a page")
    return 0


def rare_words(item: Item) -> Iterator[str]:
    """Capitalised words of the true text, of four letters or more, that no dictionary knows."""
    dictionary = dictionary_of(item.languages)
    for word in (token.strip(TRIMMED) for token in item.truth.split()):
        is_known = dictionary is not None and dictionary.frequency(word.lower())
        if len(word) >= 4 and word.isalpha() and word[0].isupper() and not is_known:
            yield word


def invented(count: int) -> list[str]:
    """Names made of syllables, the same ones every time."""
    middles = MIDDLES.split()
    parts = product(BEGINNINGS.split(), middles, ["", *middles], ENDS.split())
    names = ["".join(one) for one in parts]
    return random.Random(1).sample(names, max(0, min(count, len(names))))  # noqa: S311  # no secret


def aligned(item: Item, page: Page, corrected: Page) -> Iterator[Pair]:
    """Pairs of the true words and the read ones that stand for them."""
    true = [word for token in item.truth.lower().split() if (word := token.strip(TRIMMED))]
    both = [
        (one.text.lower().strip(TRIMMED), other.text.lower().strip(TRIMMED))
        for one, other in zip(page.words, corrected.words, strict=True)
    ]
    read = [one for one, _ in both]
    matcher = SequenceMatcher(None, true, read, autojunk=False)
    for kind, start, end, first, last in matcher.get_opcodes():
        if kind == "equal" or (kind == "replace" and end - start == last - first):
            for offset in range(end - start):
                yield Pair(true[start + offset], *both[first + offset])


def _read(job: tuple[Item, str]) -> Page:
    item, engine = job
    return read_item(item, engine=engine)


if __name__ == "__main__":
    sys.exit(main())
