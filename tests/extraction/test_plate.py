from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from flask import Flask
from PIL import Image

from ocr_server.app import create_app
from ocr_server.deadline import Deadline
from ocr_server.document.characters import CODE_LOOK_ALIKES
from ocr_server.document.model import Field, Line, Page, Zone, ZoneKind
from ocr_server.extraction.plate import find_plate, read_plate_page
from ocr_server.extraction.validation import validate_field
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import FieldSpec, ReadOptions
from ocr_server.page.framing import FramedPage
from ocr_server.page.state import ReadContext
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.drawing import draw_lines
from tests.extraction.pages import line, page, page_of
from tests.fakes import ReadsWords

PLATE = FieldSpec("value")
BRAZIL = FieldSpec("value", mask="AAA9999|AAA9A99", character_map=CODE_LOOK_ALIKES)


def found(page: Page, asked: FieldSpec = PLATE) -> Field:
    return validate_field(asked, find_plate(page, asked))


def sure(line: Line, confidence: float) -> Line:
    words = tuple(replace(word, confidence=confidence) for word in line.words)
    return replace(line, words=words)


def test_it_stands_among_makes_dates_and_places() -> None:
    field = found(page("2014-05-13 06:26", "CITROËN", "RK-492AU", "Berlingo 16V", "BA-SALVADOR"))

    assert (field.value, field.raw, field.is_valid) == ("RK492AU", "RK-492AU", True)


@pytest.mark.parametrize("read", ["DD4-C591", "DD4·C591", "DD4 C591", "DD4²C591"])
def test_what_stands_between_its_parts_does_not_count(read: str) -> None:
    assert found(page(read)).value == "DD4C591"


def test_of_several_the_largest_and_surest_is_taken() -> None:
    small, large = line("AB123", height=20), line("CD456", top=100, height=40)

    assert found(page_of(small, large)).value == "CD456"
    assert found(page_of(sure(small, 0.9), sure(large, 0.3))).value == "AB123"


def test_a_mask_chooses_and_repairs() -> None:
    read = page_of(line("TAXI 99", height=60), line("AY0-9034", top=100))

    field = found(read, BRAZIL)

    assert (field.value, field.is_valid) == ("AYO9034", True)


def test_a_name_beside_it_does_not_count() -> None:
    field = found(
        page_of(line("SI-819AK FELICIA", height=40), line("Toyota Levis V6 LE", top=100, height=60))
    )

    assert (field.value, field.raw) == ("SI819AK", "SI-819AK")


class ReadsCloser(ReadsWords):
    """Reads one text on the whole picture, and another on parts of it."""

    finds_lines = True

    def __init__(self, whole: str, part: str) -> None:
        super().__init__()
        self.whole, self.part = whole, part

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        deadline.check()
        self.readings.append(options)
        is_whole = canvas.width_px == 800
        # The part begins three heights left of the line, and two above it.
        left, top = (300, 300) if is_whole else (60, 40)
        read = line(self.whole if is_whole else self.part, left=left, top=top, height=20)
        return (Zone(ZoneKind.TEXT, read.quad, (read,)),)


@pytest.mark.parametrize(
    ("whole", "part", "value", "times"),
    [
        ("YG9EX2C", "YG9-X2G", "YG9X2G", 2),
        ("FE9-N6K", "E9-N6K", "FE9N6K", 2),
        ("SI-819AK FELICIA", "SI-819AK", "SI819AK", 2),
        ("RK-492AU", "Berlingo", "RK492AU", 2),
        ("Berlingo", "RK-492AU", None, 1),
        ("2014-05-13 06:28", "RK-492AU", None, 1),
    ],
)
def test_what_may_be_one_is_read_again_closer(
    whole: str, part: str, value: str | None, times: int
) -> None:
    engine = ReadsCloser(whole, part)
    canvas = Canvas(np.full((600, 800), 90, np.uint8))
    context = ReadContext(engine, Deadline.after(60))

    read = read_plate_page(FramedPage(canvas, 1, ReadOptions(finder="plate"), context))

    assert found(read).value == value
    assert len(engine.readings) == times
    assert len(read.lines) == 1


def test_nothing_like_a_plate_is_said_to_be_so() -> None:
    field = found(page("SUNTRUP", "12:30", "Persona 1.5"))

    assert (field.value, field.is_valid) == (None, False)
    assert field.reason == "nothing looks like a number plate"


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    service_of(app).close()


@pytest.mark.rapidocr
def test_the_built_in_profile_reads_a_whole_photograph(app: Flask) -> None:
    plate = draw_lines("WSQ 3021", size_px=48).rotate(4, expand=True, fillcolor=90)
    photograph = Image.effect_noise((1200, 900), 40)
    photograph.paste(plate, (500, 550))
    file = BytesIO()
    Image.fromarray(np.asarray(photograph)).save(file, "JPEG")

    response = app.test_client().post("/v1/documents?profile=plate", data=file.getvalue())

    field = json.loads(response.data)["fields"]["value"]
    assert (field["value"], field["valid"]) == ("WSQ3021", True)
    left, top, right, bottom = field["box"]
    assert 500 < left < right < 500 + plate.width
    assert 550 < top < bottom < 550 + plate.height
