from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image, ImageDraw, ImageFont

from ocr_server import __version__
from ocr_server.cli import main as main_module
from ocr_server.cli.main import main
from ocr_server.request.options import OPTIONS
from ocr_server.settings import Settings
from tests.drawing import SENTENCE, as_file, draw_lines
from tests.serving import ROOT, FakeTesseract, running_server
from tests.waiting import BOUND_S


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the pictures are, and what is done by the program."""
    for name in ("OCR_TEMP_DIR", "OCR_SLOTS"):
        monkeypatch.delenv(name, raising=False)
    scratch = tmp_path / "storage"
    scratch.mkdir()
    monkeypatch.setenv("OCR_TEMP_DIR", str(scratch))
    monkeypatch.setenv("OCR_SLOTS", "1")
    return tmp_path


@pytest.fixture
def picture(folder: Path) -> Path:
    path = folder / "scan.png"
    path.write_bytes(as_file(draw_lines(SENTENCE)))
    return path


def read(capfd: pytest.CaptureFixture[str], *arguments: object) -> str:
    assert main(["read", *map(str, arguments)]) == 0
    return capfd.readouterr().out


@pytest.mark.tesseract
def test_shell_server_and_request_read_the_same_words(
    picture: Path, folder: Path, real_app: Flask, capfd: pytest.CaptureFixture[str]
) -> None:
    here = read(capfd, picture)
    with running_server(folder, OCR_SLOTS=1) as server:
        there = read(capfd, picture, "--url", server.url)
        answer = server.ask("POST", "/v1/documents?format=text", picture.read_bytes())
    app = real_app.test_client().post("/v1/documents?format=text", data=picture.read_bytes())

    assert here == f"{SENTENCE}\n"
    assert there == here
    assert answer.body.decode() == app.get_data(as_text=True) == here


@pytest.mark.tesseract
def test_a_table_has_every_word_and_its_confidence(
    picture: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    head, *rows = read(capfd, picture, "--table").splitlines()

    assert head.split() == ["Text", "Confidence"]
    assert [row.split()[0] for row in rows] == SENTENCE.split()
    assert all(0 < int(row.split()[1].rstrip("%")) <= 100 for row in rows)


@pytest.mark.tesseract
def test_several_files_are_one_document_in_the_format_asked_for(
    picture: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    out = folder / "out.json"

    printed = read(capfd, picture, picture, "--format", "json", "--detail", "line", "--output", out)

    document = json.loads(out.read_bytes())
    assert printed == ""
    assert [page["number"] for page in document["pages"]] == [1, 2]
    assert "words" not in document["pages"][0]["zones"][0]["lines"][0]


@pytest.mark.tesseract
def test_columns_and_indents_are_kept_as_they_stand(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = [("Article", "Price"), ("Green tea", "4.50"), ("Coffee beans", "129.00")]
    sheet = Image.new("L", (900, 300), 255)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(30)
    for number, (name, price) in enumerate(rows):
        draw.text((40 + 60 * bool(number), 40 + 60 * number), name, 0, font)
        draw.text((840, 40 + 60 * number), price, 0, font, anchor="ra")
    path = folder / "prices.png"
    sheet.save(path)

    text = read(capfd, path, "--lines", "layout").rstrip("\n")

    lines = text.splitlines()
    assert [tuple(re.split(r"\s{2,}", line.strip())) for line in lines] == rows
    assert len({len(line) for line in lines[1:]}) == 1  # amounts stand under each other
    indents = [len(line) - len(line.lstrip()) for line in lines]
    assert indents[0] == 0
    assert 2 <= indents[1] == indents[2] <= 6


@pytest.mark.tesseract
def test_the_languages_are_listed_by_code_and_name(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["languages"]) == 0

    assert ["eng", "English"] in [
        line.split(maxsplit=1) for line in capfd.readouterr().out.splitlines()
    ]


@pytest.mark.process
def test_a_refusal_is_a_sentence_and_exit_code_1(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", FakeTesseract(folder / "tesseract").path)
    text = folder / "notes.txt"
    text.write_text("no picture")

    code = main(["read", str(text)])

    told = capfd.readouterr()
    assert (code, told.out) == (1, "")
    assert "Send PNG, JPEG" in told.err
    assert "Traceback" not in told.err


@pytest.mark.process
def test_a_server_s_key_is_taken_from_a_file(
    picture: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    key = folder / "key"
    key.write_text("secret\n", encoding="utf-8-sig")  # as editors of Windows do
    tesseract = FakeTesseract(folder / "tesseract")

    with running_server(folder, PATH=tesseract.path, OCR_API_KEYS="secret") as server:
        assert main(["read", str(picture), "--url", server.url]) == 1
        assert capfd.readouterr().err.startswith("This server wants a key. Send it in")
        printed = read(capfd, picture, "--url", server.url, "--api-key-file", key)

    assert printed.startswith("Hello")


@pytest.mark.tesseract
def test_the_server_s_keys_are_not_asked_for_without_a_server(
    picture: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_API_KEYS", "secret")

    assert read(capfd, picture) == f"{SENTENCE}\n"


def test_a_file_that_is_not_there_is_told_by_name(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["read", "nothing.png"]) == 1

    assert capfd.readouterr().err == "nothing.png: No such file or directory\n"


def test_a_setting_that_is_not_understood_is_told(
    picture: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_SLOTS", "many")

    assert main(["read", str(picture)]) == 1

    assert "OCR_SLOTS='many'" in capfd.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["fly"], ["read"], ["read", "a.png", "--colour", "red"]])
def test_a_command_that_is_not_understood_is_exit_code_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)

    assert caught.value.code == 2


def test_the_version_is_told(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])

    assert caught.value.code == 0
    assert capfd.readouterr().out.split() == ["ocr-server", __version__]


def test_every_option_of_the_api_is_one_of_read(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["read", "--help"])

    told = capfd.readouterr().out
    absent = [name for name in OPTIONS if f"--{name.replace('_', '-')}" not in told]
    assert absent == []


@pytest.mark.parametrize("command", ["serve", "work", "read", "station"])
def test_the_help_is_plain_text_with_defaults(
    command: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])

    printed = capfd.readouterr().out
    assert "`" not in printed
    assert "/v1/" not in printed
    assert "default: " in printed


def test_a_refusal_says_what_is_wrong_once(
    folder: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OCR_PROFILES", str(folder / "none"))

    assert main(["read", __file__]) == 1

    assert capfd.readouterr().err == f"OCR_PROFILES={str(folder / 'none')!r} is not a folder.\n"


def test_serve_takes_host_and_port_and_leaves_the_rest_to_the_environment(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    served: list[Settings] = []
    monkeypatch.setattr(main_module, "run", lambda settings, **_: served.append(settings))
    monkeypatch.setattr(main_module, "start_logging", lambda _: None)
    monkeypatch.setenv("OCR_PORT", "1")

    assert main(["serve", "--host", "0.0.0.0", "--port", "9000"]) == 0  # noqa: S104  # not served
    assert main(["serve"]) == 0

    first, second = served
    assert (first.host, first.port, first.slots) == ("0.0.0.0", 9000, 1)  # noqa: S104
    assert second == replace(first, host="127.0.0.1", port=1)


def test_a_worker_reads_pages_of_jobs_in_all_slots(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    served: list[int] = []
    monkeypatch.setattr(
        main_module,
        "run",
        lambda settings, *, is_worker: served.append(is_worker * settings.job_slots),
    )
    monkeypatch.setattr(main_module, "start_logging", lambda _: None)
    monkeypatch.setenv("OCR_SLOTS", "4")

    assert main(["work"]) == 1
    assert "OCR_JOBS" in capfd.readouterr().err
    monkeypatch.setenv("OCR_JOBS", "/kept")
    assert main(["work"]) == 0
    monkeypatch.setenv("OCR_JOBS_SLOTS", "2")
    assert main(["work"]) == 0
    monkeypatch.setenv("OCR_JOBS_SLOTS", "0")
    assert main(["work"]) == 1
    assert served == [4, 2]


def refused_start(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603  # ours
        [sys.executable, "-m", "ocr_server", "serve", *arguments],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
        timeout=BOUND_S,
    )
    assert done.returncode == 1
    return done.stderr


@pytest.mark.process
def test_an_address_that_cannot_be_listened_on_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        in_use = refused_start("--port", str(port))
    unknown = refused_start("--host", "nowhere.invalid", "--port", "0")

    assert in_use.endswith(
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Set OCR_HOST and OCR_PORT, or --host and --port, to another address.\n"
    )
    assert "Cannot listen on nowhere.invalid:0: Invalid host/port" in unknown
    assert "Traceback" not in unknown


@pytest.mark.process
def test_a_server_without_memory_for_its_threads_says_so(tmp_path: Path) -> None:
    folder = tmp_path / "temp"
    folder.mkdir()
    script = (
        "from waitress.task import ThreadedTaskDispatcher\n"
        "from ocr_server.cli.main import main\n"
        "def fail(*_): raise RuntimeError('can\\'t start new thread')\n"
        "ThreadedTaskDispatcher.start_new_thread = fail\n"
        "raise SystemExit(main(['serve', '--port', '0']))\n"
    )

    ended = subprocess.run(  # noqa: S603  # our own
        [sys.executable, "-c", script], cwd=ROOT, check=False, timeout=BOUND_S,
        env={**os.environ, "OCR_TEMP_DIR": str(folder)}, capture_output=True, text=True,
    )  # fmt: skip

    assert ended.returncode == 1
    assert "ulimit -v" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(folder.iterdir())


def test_options_travel_to_the_server_as_they_are(
    picture: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    asked: list[Mapping[str, str]] = []

    def post(_pictures: Sequence[bytes], options: Mapping[str, str]) -> bytes:
        asked.append(options)
        return b"words\n"

    monkeypatch.setattr(main_module, "remote_server", lambda _url, _key: nullcontext(post))

    printed = read(
        capfd, picture, "--url", "http://x", "--languages", "eng+deu", "--min-confidence", "0.5"
    )

    assert printed == "words\n"
    assert asked == [{"languages": "eng+deu", "min_confidence": "0.5", "format": "text"}]


@pytest.mark.parametrize(
    ("line", "code"), [(b'{"serial": 1, "fields": {}}\n', 0), (b'{"code": "no-camera"}\n', 1)]
)
def test_what_a_station_refuses_has_failed(
    line: bytes,
    code: int,
    picture: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(main_module, "send_picture", lambda _address, _picture: line)

    assert main(["read", "--socket", "9", str(picture)]) == code
    assert capfd.readouterr().out == line.decode()


def test_what_a_station_does_not_take_is_said(
    picture: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    wanted = ["--annotate", "boxes.png", "--format", "text", "--languages", "eng"]

    assert main(["read", "--socket", "9", *wanted, str(picture)]) == 1
    assert "leave out --languages, --format, --annotate." in capfd.readouterr().err


@pytest.mark.process
def test_variables_of_a_service_link_are_told_in_one_line(tmp_path: Path) -> None:
    links = {"OCR_PORT": "tcp://10.0.0.7:8080", "OCR_SERVICE_HOST": "10.0.0.7"}
    with running_server(tmp_path, **links) as server:
        told = [line for line in server.log.splitlines() if "OCR_" in line]

    (line,) = told
    assert line.endswith("no settings: OCR_PORT, OCR_SERVICE_HOST")


@pytest.mark.process
def test_a_picture_is_read_from_a_pipe(picture: Path, folder: Path) -> None:
    tesseract = FakeTesseract(folder / "tesseract")

    done = subprocess.run(
        [sys.executable, "-m", "ocr_server", "read", "-"],
        input=picture.read_bytes(), capture_output=True, check=True, timeout=BOUND_S, cwd=ROOT,
        env={**os.environ, "PATH": tesseract.path, "OCR_ENGINE": "pytesseract"},
    )  # fmt: skip

    assert done.stdout.startswith(b"Hello")
