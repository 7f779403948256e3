"""Fine-tune a PP-OCR reading network on handwriting, in sittings of any length.

    nice python -m scripts.training.train OUT.onnx --from BASE.onnx --minutes 50

OUT.onnx is written every five minutes, and OUT.pt beside it, from which a sitting that was broken
off goes on when it is asked for again. The rate of learning falls with the clock to the sitting's
end. A later sitting starts `--from` what an earlier one wrote.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import multiprocessing
import os
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  the name that torch's own documentation gives it

from scripts.training.batches import Mix, draw_batches
from scripts.training.evaluate import error_rates
from scripts.training.fonts import Writer, load_fonts, load_texts
from scripts.training.network import Network
from scripts.training.sets import read_sets

HERE = Path(__file__).parent
WARM_UP_STEPS = 60
CALM_FROM = 0.75  # of a sitting; from here on lines are varied less
MEAN_KEEPS = 0.998  # what is written is a running mean of the weights
LONGEST_GRADIENT = 3.0
BY_HAND, IN_PRINT = 0.10, 0.06  # shares of the lines that are written with fonts
QUICKLY_TESTED = 24  # lines of each test at a checkpoint


class Sitting:
    """Weights in training with all that a broken-off sitting needs to go on."""

    def __init__(self, network: Network, rate: float) -> None:
        self.network, self.mean = network, copy.deepcopy(network)
        self.learnt = [one for one in network.parameters() if one.requires_grad]
        self.optimiser = torch.optim.AdamW(
            self.learnt, lr=rate, betas=(0.9, 0.98), weight_decay=0.01
        )
        self.rate = rate
        self.steps = self.seen = 0
        self.spent_s = 0.0

    def learn(self, answer: torch.Tensor, labels: Sequence[list[int]], part: float) -> float:
        """One step from logits (n, columns, classes); `part` of the sitting is over (0 to 1)."""
        warmth = min(1.0, (self.steps + 1) / WARM_UP_STEPS)
        fall = (1 + math.cos(math.pi * min(1.0, part))) / 2
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate * warmth * fall
        columns = F.log_softmax(answer.float(), -1).transpose(0, 1)
        loss = F.ctc_loss(
            columns, torch.tensor([number for label in labels for number in label]),
            torch.full((len(labels),), len(columns)), torch.tensor([len(one) for one in labels]),
            zero_infinity=True,
        )  # fmt: skip
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if torch.isfinite(torch.nn.utils.clip_grad_norm_(self.learnt, LONGEST_GRADIENT)):
            self.optimiser.step()
        self.steps, self.seen = self.steps + 1, self.seen + len(labels)
        new = 1 - min(MEAN_KEEPS, (1 + self.steps) / (10 + self.steps))
        with torch.no_grad():
            for kept, one in zip(self.mean.parameters(), self.network.parameters(), strict=True):
                kept.lerp_(one, new)
        return loss.item()

    def save(self, target: Path) -> None:
        """Write the network, and beside it all that `load` needs, each whole or not at all."""
        state = {
            "network": self.network.state_dict(), "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(), "steps": self.steps, "seen": self.seen,
            "spent_s": self.spent_s,
        }  # fmt: skip
        part = target.with_suffix(".part")
        torch.save(state, part)
        part.replace(target.with_suffix(".pt"))
        self.mean.save(part)
        part.replace(target)

    def load(self, checkpoint: Path) -> None:
        """Go on where `save` was called."""
        state = torch.load(checkpoint, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.steps, self.seen, self.spent_s = state["steps"], state["seen"], state["spent_s"]


def train(asked: argparse.Namespace) -> None:
    """One sitting, until its minutes are over."""
    torch.set_num_threads(asked.threads)
    cv2.setNumThreads(1)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.manual_seed(asked.seed)
    network = Network(asked.base, asked.dictionary).to(device)
    if asked.freeze_until:
        network.freeze_until(asked.freeze_until)
    sitting = Sitting(network, asked.rate)
    if asked.out.with_suffix(".pt").exists():
        sitting.load(asked.out.with_suffix(".pt"))
    learnt, tests = read_sets(asked.lines)
    tests = {name: lines[:QUICKLY_TESTED] for name, lines in tests.items()}
    say(f"{len(learnt)} lines to learn, {sitting.seen} seen, on {device}")
    queue: Queue = multiprocessing.Queue(24)
    calm = multiprocessing.Event()
    drawer = multiprocessing.Process(
        target=fill, args=(queue, asked, network.letters, sitting.seen, calm), daemon=True
    )
    drawer.start()
    half = torch.autocast(device.type, torch.bfloat16, enabled=not asked.full_precision)

    def as_tensor(pictures: np.ndarray) -> torch.Tensor:
        grey = torch.from_numpy(pictures)[:, None].expand(-1, 3, -1, -1)
        return grey.contiguous(memory_format=torch.channels_last).to(device)

    @torch.no_grad()
    def read(pictures: np.ndarray) -> np.ndarray:
        with half:
            return sitting.mean(as_tensor(pictures)).float().cpu().numpy()

    before_s, saved, losses = sitting.spent_s, time.monotonic(), []
    began = saved
    while sitting.spent_s < asked.minutes * 60:
        pictures, labels = queue.get()
        with half:
            answer = network(as_tensor(pictures))
        losses.append(sitting.learn(answer, labels, sitting.spent_s / (asked.minutes * 60)))
        sitting.spent_s = before_s + time.monotonic() - began
        if sitting.spent_s >= CALM_FROM * asked.minutes * 60:
            calm.set()
        over = sitting.spent_s >= asked.minutes * 60
        if over or time.monotonic() - saved > asked.checkpoint_minutes * 60:
            sitting.save(asked.out)
            saved = time.monotonic()
            rates = {name: error_rates(read, network.letters, tests[name])[0] for name in tests}
            told = {name: round(rate, 3) for name, rate in rates.items()}
            say(
                f"{sitting.spent_s:.0f} s, processor {time.process_time():.0f} s, "
                f"{sitting.seen} lines, loss {np.mean(losses):.3f}, CER {json.dumps(told)}"
            )
            losses.clear()
    drawer.terminate()


def fill(
    queue: Queue, asked: argparse.Namespace, letters: Sequence[str], seen: int, calm: Event
) -> None:
    """Draw batches until the parent ends: in a process of its own, beside the training."""
    cv2.setNumThreads(1)
    os.nice(5)
    for batch in batches_for(asked, letters, random.Random(f"{asked.seed} {seen}"), calm.is_set):
        queue.put(batch)


def batches_for(
    asked: argparse.Namespace,
    letters: Sequence[str],
    draw: random.Random,
    is_calm: Callable[[], bool],
) -> Iterator[tuple[np.ndarray, list[list[int]]]]:
    """The batches of a sitting."""
    lines = read_sets(asked.lines)[0]
    if asked.no_fonts:
        return draw_batches(Mix(lines, is_calm=is_calm), letters, asked.batch, draw)
    writer = Writer(load_texts(asked.texts), draw)
    hands, prints = (
        load_fonts(asked.fonts, asked.fonts / "unpacked", (HERE / name).read_text().split())
        for name in ("fonts_hand.txt", "fonts_print.txt")
    )
    written = (
        (BY_HAND, partial(writer.line, hands, by_hand=True)),
        (IN_PRINT, partial(writer.line, prints, by_hand=False)),
    )
    return draw_batches(Mix(lines, written, is_calm), letters, asked.batch, draw)


def say(text: str) -> None:
    """Tell how it goes, at once."""
    print(text, flush=True)  # noqa: T201


def arguments() -> argparse.Namespace:
    """What the command line asks for."""
    ask = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    ask.add_argument("out", type=Path)
    ask.add_argument("--from", type=Path, required=True, dest="base", help="network to start from")
    ask.add_argument("--minutes", type=float, required=True, help="of the whole sitting")
    ask.add_argument("--dictionary", type=Path, help="characters of a base that tells none")
    ask.add_argument("--lines", type=Path, default=Path("lines"), help="where lines.py wrote")
    ask.add_argument("--fonts", type=Path, default=Path("node_modules/@fontsource"))
    ask.add_argument("--no-fonts", action="store_true", help="learn the lines alone")
    ask.add_argument("--texts", type=Path, default=Path("texts"), help="unpacked fortunes")
    ask.add_argument("--rate", type=float, default=6e-4, help="of learning, at its highest")
    ask.add_argument("--batch", type=int, default=12, help="lines of a step")
    ask.add_argument("--freeze-until", help="weight before which all stay as they are")
    ask.add_argument("--threads", type=int, default=1)
    ask.add_argument("--checkpoint-minutes", type=float, default=5)
    ask.add_argument("--seed", type=int, default=0)
    ask.add_argument("--full-precision", action="store_true", help="no bfloat16")
    return ask.parse_args()


if __name__ == "__main__":
    multiprocessing.set_start_method("fork")
    train(arguments())
