"""How soon words that are written before a camera stand on the page, and what reading them costs.

    python -m benchmarks.live FONT [FONT …]

A server and a Chromium are started, in which `/webcam` sees a drawn hand: it writes a line word by
word, in one of the fonts (TrueType, WOFF or WOFF2), and goes out of the way after each word. The
time of a word begins when the hand is gone and its ink stands still, and ends when the transcript
has changed. Printed are the median, the 95th percentile and the longest, how many words never came,
the CER of the transcript, and the processor time of the server as a share of one core: while words
are written, and while nothing changes. The browser draws camera and page in software here, so its
processor time says nothing and is left out.
"""

from __future__ import annotations

import argparse
import base64
import shutil
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median, quantiles

from playwright.sync_api import Page, sync_playwright
from rapidfuzz.distance import Levenshtein

from benchmarks.servers import Server, our_server

LINES = (
    "please call the office before noon",
    "meeting with Clara on Thursday",
    "buy bread, milk and six lemons",
    "the train leaves at half past nine",
    "ask Martin for the second key",
)
MOST_MS = 4000  # after which a word does not come
PAUSE_MS = 600  # until the next word
STILL_S = 10.0
CHROMIUM = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

# A camera of 1280 × 720 at 15 frames a second: squared paper with noise, words, a hand.
CAMERA = """
(() => {
  const [width, height] = [1280, 720];
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height });
  const pen = canvas.getContext("2d");
  const words = []; // {text, left, base, share} of which a share from the left is written
  let hand = null;
  const noise = Array.from({ length: 4 }, () => {
    const tile = document.createElement("canvas");
    Object.assign(tile, { width, height });
    const grain = tile.getContext("2d");
    const picture = grain.createImageData(width, height);
    for (let at = 0; at < picture.data.length; at += 4) {
      const level = 226 + Math.round(8 * Math.random());
      picture.data.set([level, level, level - 6, 255], at);
    }
    grain.putImageData(picture, 0, 0);
    return tile;
  });
  let frame = 0;
  function draw() {
    pen.drawImage(noise[(frame += 1) % noise.length], 0, 0);
    pen.fillStyle = "#23263a";
    for (const { text, left, base, share } of words) {
      pen.save();
      pen.beginPath();
      pen.rect(left - 20, base - 90, (pen.measureText(text).width + 40) * share, 130);
      pen.clip();
      pen.fillText(text, left, base);
      pen.restore();
    }
    if (!hand) return;
    pen.fillStyle = "#7a5a48";
    pen.beginPath();
    pen.ellipse(hand.x + 110, hand.y + 120, 120, 100, 0.6, 0, 7);
    pen.fill();
    pen.lineWidth = 14;
    pen.strokeStyle = "#333";
    pen.beginPath();
    pen.moveTo(hand.x, hand.y);
    pen.lineTo(hand.x + 110, hand.y + 60);
    pen.stroke();
  }
  setInterval(draw, 66);
  draw();
  const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  window.written = {
    async setFont(data) {
      const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
      document.fonts.add(await new FontFace("hand", bytes.buffer).load());
      pen.font = "64px hand";
    },
    clear() {
      words.length = 0;
    },
    /** Write a word; how long until the transcript changed, in ms, or null. */
    async write(text, left, base, most_ms) {
      const word = { text, left, base, share: 0 };
      words.push(word);
      const width = pen.measureText(text).width;
      const steps = 2 + text.length * 2;
      for (let step = 1; step <= steps; step += 1) {
        word.share = step / steps;
        hand = { x: left + width * word.share, y: base };
        await wait(66);
      }
      const before = window.written.transcript();
      for (let step = 1; step <= 3; step += 1) {
        hand = { x: hand.x + 60, y: hand.y + 220 };
        await wait(66);
      }
      hand = null;
      draw();
      const gone = performance.now();
      while (performance.now() - gone < most_ms) {
        await wait(5);
        if (window.written.transcript() !== before) return performance.now() - gone;
      }
      return null;
    },
    width: (text) => pen.measureText(text).width,
    transcript: () =>
      [...document.querySelectorAll("[data-part=lines] input")]
        .map((line) => line.value)
        .join("\\n"),
  };
  const devices = navigator.mediaDevices;
  devices.getUserMedia = async () => canvas.captureStream(15);
  devices.enumerateDevices = async () => [];
})();
"""


@dataclass
class Written:
    """What came of the words of all fonts: times in ms, and the transcripts beside the truth."""

    times_ms: list[float] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)
    transcripts: list[str] = field(default_factory=list)
    truths: list[str] = field(default_factory=list)
    writing: list[float] = field(default_factory=list)  # shares of a core
    still: list[float] = field(default_factory=list)


def main(arguments: Sequence[str] | None = None) -> int:
    """Write, watch, and print."""
    parser = argparse.ArgumentParser("benchmarks.live", description=__doc__.split("\n")[0])
    parser.add_argument("fonts", type=Path, nargs="+", metavar="FONT")
    asked = parser.parse_args(arguments)
    browser_path = next(filter(None, map(shutil.which, CHROMIUM)), None)
    if browser_path is None:
        print("There is no Chromium; install chromium.", file=sys.stderr)
        return 1
    written = Written()
    with our_server("auto") as server, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=browser_path, args=["--no-sandbox"])
        for font in asked.fonts:
            page = browser.new_page(locale="en-GB", viewport={"width": 1280, "height": 900})
            write(page, server, font, written)
            page.close()
        browser.close()
    report(written)
    return 0


def write(page: Page, server: Server, font: Path, written: Written) -> None:
    """Write all lines in a font before the page's camera."""
    page.add_init_script(CAMERA)
    page.goto(f"http://127.0.0.1:{server.port}/webcam")
    page.evaluate("data => written.setFont(data)", base64.b64encode(font.read_bytes()).decode())
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label("Handwriting, as it is written").check()
    page.wait_for_timeout(3000)
    begun, used_s = time.monotonic(), server.cpu_s()
    for number, line in enumerate(LINES):
        left = 90.0
        for word in line.split():
            place = [word, left, 110 + 125 * number, MOST_MS]
            taken_ms = page.evaluate("place => written.write(...place)", place)
            left += page.evaluate("word => written.width(word + ' ')", word)
            if taken_ms is None:
                written.missed.append(word)
            else:
                written.times_ms.append(taken_ms)
            page.wait_for_timeout(PAUSE_MS)
    written.writing.append((server.cpu_s() - used_s) / (time.monotonic() - begun))
    page.wait_for_timeout(2000)
    written.transcripts.append(page.evaluate("() => written.transcript()"))
    written.truths.append("\n".join(LINES))
    begun, used_s = time.monotonic(), server.cpu_s()
    page.wait_for_timeout(1000 * STILL_S)
    written.still.append((server.cpu_s() - used_s) / (time.monotonic() - begun))


def report(written: Written) -> None:
    """Print the figures of all fonts together."""
    times_ms = written.times_ms
    if len(times_ms) < 2:
        raise SystemExit("No words came.")
    p95_ms = quantiles(times_ms, n=20)[-1]
    truth = "\n".join(written.truths)
    cer = Levenshtein.distance("\n".join(written.transcripts), truth) / len(truth)
    print(f"words: {len(times_ms)} came, {len(written.missed)} did not within {MOST_MS / 1000:g} s",
          *written.missed)  # fmt: skip
    print(f"ms: median {median(times_ms):.0f}, p95 {p95_ms:.0f}, longest {max(times_ms):.0f}")
    print(f"CER of the transcript: {cer:.3f}")
    print(f"server, share of one core: {max(written.writing):.0%} while words are written, "
          f"{max(written.still):.1%} while nothing changes")  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
