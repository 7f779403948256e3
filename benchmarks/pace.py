"""How fast: single pictures, many clients, a camera's frames, the start, and what makes it grow."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import tesserocr
from PIL import Image

from benchmarks.contest import COMMAND, Contestant, Result, client_of, compete
from benchmarks.load import Load, quantile, run_load
from benchmarks.pictures import Picture, draw
from benchmarks.report import Cell, Section, Target
from benchmarks.servers import Server, our_server, post

OURS, WARM, RIVAL, RIVAL_AS_IT_COMES = "ours", "ours, warm", "rival", "rival as it comes"
MODELS = "/usr/share/tesseract-ocr/5/tessdata"
# Kind of picture: most of the command's time that ours may take, with either engine.
LATENCY_TARGETS = {
    "page": (0.70, 0.50), "large print": (0.60, 0.40), "fine scan": (0.60, 0.40),
}  # fmt: skip
LOAD_TARGETS = {"page": (1.1, 1.5), "receipt": (1.0, 1.3)}
TARGET_CLIENTS = 8
# In a run, so that little of it is its beginning and its end, when fewer clients wait.
FEWEST_REQUESTS = 40


def latency(
    contestants: Sequence[Contestant], pictures: dict[str, list[Picture]], *, rounds: int
) -> Section:
    """One picture at a time, each read by everybody in turn."""
    rows: list[tuple[Cell, ...]] = []
    targets: list[Target] = []
    for kind, some in pictures.items():
        results = compete(contestants, some, rounds=rounds)
        theirs = results[COMMAND]
        rows += [_latency_row(kind, name, result, theirs) for name, result in results.items()]
        for name, most in zip((OURS, WARM), LATENCY_TARGETS.get(kind, ()), strict=False):
            ratio = results[name].median_s / theirs.median_s
            targets.append(Target(f"{kind}, {name}: time ÷ tesseract's", ratio, most=most))
    columns = ("picture", "who", "median s", "÷ tesseract", "CPU s", "÷ tesseract", "CER")
    return Section("One picture at a time", columns, tuple(rows), tuple(targets))


def _latency_row(kind: str, name: str, result: Result, theirs: Result) -> tuple[Cell, ...]:
    cpu_s, their_cpu_s = (sum(one.cpu_s) / len(one.cpu_s) for one in (result, theirs))
    return (
        kind, name, result.median_s, result.median_s / theirs.median_s,
        cpu_s, cpu_s / their_cpu_s, result.error_rate,
    )  # fmt: skip


def throughput(
    servers: Sequence[Server],
    pictures: dict[str, list[Picture]],
    *,
    clients: Sequence[int],
    rounds: int,
) -> Section:
    """Many clients; the servers take turns in short runs."""
    rows: list[tuple[Cell, ...]] = []
    targets: list[Target] = []
    for kind, some in pictures.items():
        for count in clients:
            # It takes minutes for what the others do in seconds, whatever the number of clients.
            some_servers = [
                server
                for server in servers
                if server.name != RIVAL_AS_IT_COMES or count == TARGET_CLIENTS
            ]
            loads = {server.name: Load() for server in some_servers}
            for _ in range(rounds):
                for server in some_servers:
                    requests = max(len(some), 2 * count)
                    if server.name != RIVAL_AS_IT_COMES:
                        requests = max(requests, FEWEST_REQUESTS)
                    fields = {} if server.path == "/" else {"format": "text"}
                    run = run_load(server, some, clients=count, requests=requests, **fields)
                    loads[server.name].add(run)
            rows += [_load_row(kind, count, name, load) for name, load in loads.items()]
            targets += _load_targets(kind, count, loads)
    columns = (
        "picture", "clients", "who", "a second", "p50 s", "p95 s", "p99 s", "CPU s each", "retries",
    )  # fmt: skip
    return Section("Many clients", columns, tuple(rows), tuple(targets))


def _load_row(kind: str, count: int, name: str, load: Load) -> tuple[Cell, ...]:
    quantiles = (load.quantile_s(share) for share in (0.5, 0.95, 0.99))
    return (kind, count, name, load.per_s, *quantiles, load.cpu_each_s, load.retries)


def _load_targets(kind: str, count: int, loads: dict[str, Load]) -> list[Target]:
    if count != TARGET_CLIENTS or kind not in LOAD_TARGETS or RIVAL not in loads:
        return []
    found = [
        Target(f"{kind}, {name}: answers ÷ rival's", loads[name].per_s / loads[RIVAL].per_s,
               least=least)
        for name, least in zip((OURS, WARM), LOAD_TARGETS[kind], strict=True)
    ]  # fmt: skip
    if kind == "page":
        ratio = loads[OURS].per_s / loads[RIVAL_AS_IT_COMES].per_s
        found.append(Target("page, ours: answers ÷ rival's as it comes", ratio, least=3))
    return found


def crops(servers: Sequence[Server], *, requests: int, rounds: int) -> Section:
    """Tiny pictures by two clients, beside a loop of two threads that does nothing else."""
    pictures = [draw("crop", seed=seed) for seed in range(1, 9)]
    loads = {server.name: Load() for server in servers}
    bare = Load()

    def run(server: Server, requests: int) -> Load:
        fields = {} if server.path == "/" else {"format": "text"}
        return run_load(server, pictures, clients=2, requests=requests, **fields)

    for server in servers:  # their models are loaded then, as the bare loop's before it is timed
        run(server, len(pictures))
    for _ in range(rounds):
        for server in servers:
            loads[server.name].add(run(server, requests))
        bare.add(_bare_loop(pictures, requests))
    rows = [(name, load.per_s, load.cpu_each_s) for name, load in loads.items()]
    rows.append(("bare loop of a warm engine", bare.per_s, bare.cpu_each_s))
    best = max(loads[RIVAL].per_s, loads[RIVAL_AS_IT_COMES].per_s)
    warm = loads[WARM].per_s
    targets = (
        Target("crops, ours, warm: answers ÷ a process each", warm / best, least=2.5),
        Target("crops, ours, warm: answers ÷ bare loop's", warm / bare.per_s, least=0.6),
    )
    return Section(
        "Tiny crops, two clients", ("who", "a second", "CPU s each"), tuple(rows), targets
    )


def _bare_loop(pictures: Sequence[Picture], requests: int) -> Load:
    load, waiting, lock = Load(), iter(range(requests)), threading.Lock()

    def read() -> None:
        with tesserocr.PyTessBaseAPI(path=MODELS, lang="eng") as api:
            ready.wait()
            while (number := next(waiting, None)) is not None:
                begun = time.monotonic()
                with Image.open(BytesIO(pictures[number % len(pictures)].data)) as picture:
                    api.SetImage(picture)
                api.GetUTF8Text()
                with lock:
                    load.latencies_s.append(time.monotonic() - begun)

    ready = threading.Barrier(3)
    threads = [threading.Thread(target=read) for _ in range(2)]
    for thread in threads:
        thread.start()
    ready.wait()
    begun, cpu_s = time.monotonic(), time.process_time()
    for thread in threads:
        thread.join()
    load.seconds, load.cpu_s = time.monotonic() - begun, time.process_time() - cpu_s
    return load


def frames(*, count: int) -> Section:
    """A camera's frames through the live lane, one after the other."""
    pictures = [draw("frame", seed=seed) for seed in range(1, 5)]
    rows, targets = [], []
    with our_server("pytesseract") as server:
        connection = server.connect()
        for detail, most_s in (("word", 0.150), ("page", 0.030)):
            taken = []
            for number in range(-4, count):
                begun = time.monotonic()
                answer = post(connection, "/v1/frames", pictures[number % 4].data, detail=detail)
                assert answer.status == 200, answer.body  # noqa: S101
                if number >= 0:
                    taken.append(time.monotonic() - begun)
            p50, p95 = (1000 * quantile(taken, share) for share in (0.5, 0.95))
            rows.append((f"1280 × 720, detail={detail}", p50, p95))
            targets.append(Target(f"frame, detail={detail}: p95 ms", p95, most=1000 * most_s))
    return Section("Live frames", ("frame", "p50 ms", "p95 ms"), tuple(rows), tuple(targets))


def overhead(*, rounds: int) -> Section:
    """What of a request for a page is neither recognition nor preparation for it."""
    data = draw("page").data
    rows, targets = [], []
    for engine in ("pytesseract", "tesserocr"):
        with our_server(engine) as server:
            connection, shares, totals = server.connect(), [], []
            for number in range(rounds + 1):
                begun = time.monotonic()
                answer = post(connection, server.path, data)
                taken_s = time.monotonic() - begun
                stages = json.loads(answer.body)["pages"][0]["stages"]
                read_s = sum(stage["ms"] for stage in stages) / 1000
                if number:
                    totals.append(taken_s)
                    shares.append((taken_s - read_s) / taken_s)
        share = quantile(shares, 0.5)
        rows.append((server.name, quantile(totals, 0.5), share))
        targets.append(Target(f"page, {server.name}: share of all the rest", share, most=0.05))
    columns = ("who", "request s", "share not in stages")
    return Section("All but recognition and preprocessing", columns, tuple(rows), tuple(targets))


def start(*, times: int) -> Section:
    """From the start of the process to its being ready."""
    taken = []
    for _ in range(times):
        with our_server("pytesseract") as server:
            taken.append(server.ready_after_s)
    target = Target("start to ready, s", quantile(taken, 0.5), most=1.5)
    rows = ((quantile(taken, 0.5), max(taken)),)
    return Section("Start", ("median s", "longest s"), rows, (target,))


def growth(*, rounds: int) -> Section:
    """What more pages and more pixels cost."""
    one = draw("page", seed=1)
    page = Image.open(BytesIO(one.data))
    documents = [replace(one, name=f"{count} pages", data=_tiff([page] * count))
                 for count in (1, 2, 4, 8)]  # fmt: skip
    with Image.open(BytesIO(draw("fine scan").data)) as scan:
        for share in (4, 3, 2, 1):
            size = scan.width // share, scan.height // share
            pixels = size[0] * size[1] / 1e6
            data = _tiff([scan.resize(size, Image.Resampling.BOX)])
            documents.append(Picture("growth", f"{pixels:.1f} megapixels", data))
    with our_server("pytesseract") as server:
        client = client_of(server)
        rows = []
        for document in documents:
            result = compete([client], [replace(document, truth=None)], rounds=rounds)[OURS]
            rows.append((document.name, result.median_s, sum(result.cpu_s) / len(result.cpu_s)))
    return Section("What it grows with", ("document", "median s", "CPU s"), tuple(rows))


def _tiff(pictures: Sequence[Image.Image]) -> bytes:
    file = BytesIO()
    pictures[0].save(
        file, "TIFF", save_all=True, append_images=pictures[1:], compression="tiff_adobe_deflate"
    )
    return file.getvalue()
