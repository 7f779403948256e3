"""How the quality score of a page is fitted to what pages with a known text were read like.

    python -m benchmarks.quality CORPUS [--sample N] [--engine NAME]

Reads the pictures of a corpus (see `benchmarks.accuracy`), fits the F1 of their words by a
logistic function of the confidence of the reading and of the share of words that are sure, and
prints the three constants of the engine's `Calibration`, beside how far the score is from the
truth, with these constants and with those in force.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.accuracy import Item, asked_items, context_of, options, processes, rate, read_item

TIMEOUT_S = 300


class Point(NamedTuple):
    """One picture: what the score is made from, the score in force, and the truth."""

    confidence: float
    sure_share: float
    score: float
    f1: float
    problems: tuple[str, ...]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read, fit, and print."""
    asked = options("benchmarks.quality", __doc__).parse_args(arguments)
    items = asked_items(asked)
    with processes(asked.workers) as pool:
        points = list(pool.map(read, [(item, asked.engine) for item in items]))
    read_at_all = [point for point in points if point.confidence > 0]
    features = np.array([(1.0, p.confidence, p.sure_share) for p in read_at_all])
    truth = np.array([point.f1 for point in read_at_all])
    weights = fit(features, truth)
    now = np.array([point.score for point in read_at_all])
    print(f"{len(read_at_all)} pictures: constants {', '.join(f'{w:.2f}' for w in weights)}")
    print(f"mean error with them {_error(_logistic(features @ weights), truth):.3f}")
    print(f"mean error of the score in force {_error(now, truth):.3f}")
    print(f"correlation of the score in force {np.corrcoef(now, truth)[0, 1]:.2f}")
    seen: dict[str, list[str]] = defaultdict(list)
    for item, point in zip(items, points, strict=True):
        for code in point.problems:
            seen[code].append(item.category)
    for code, categories in sorted(seen.items()):
        print(f"{code}: {', '.join(f'{c} {categories.count(c)}' for c in sorted(set(categories)))}")
    return 0


def read(job: tuple[Item, str]) -> Point:
    """One picture, read and rated."""
    item, engine = job
    for reader in (context_of(engine).engine, context_of(engine).second_engine):
        if reader:  # the score is made from what the engine says itself
            type(reader).calibration = replace(reader.calibration, shares_right=())
    page = read_item(item, engine=engine)
    words, quality = page.words, page.quality
    return Point(
        confidence=page.confidence,
        sure_share=sum(
            word.confidence >= context_of(engine).engine.calibration.sure_word for word in words
        )
        / max(1, len(words)),
        score=quality.score if quality else 0.0,
        f1=rate(item, page.text, (), cpu_s=0).f1,
        problems=tuple(problem.code for problem in quality.problems) if quality else (),
    )


def fit(
    features: NDArray[np.float64], truth: NDArray[np.float64], *, ridge: float = 0.1
) -> NDArray[np.float64]:
    """Weights of a logistic function by Newton's method; a little ridge keeps them finite."""
    weights = np.zeros(features.shape[1])
    for _ in range(50):
        guess = _logistic(features @ weights)
        slope = features.T @ (guess - truth) + ridge * weights
        curve = (features * (guess * (1 - guess))[:, None]).T @ features + ridge * np.eye(
            len(weights)
        )
        weights = weights - np.linalg.solve(curve, slope)
    return weights


def _logistic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(1 / (1 + np.exp(-values)))


def _error(guess: NDArray[np.float64], truth: NDArray[np.float64]) -> float:
    return float(np.abs(guess - truth).mean())


if __name__ == "__main__":
    sys.exit(main())
