from __future__ import annotations

import pickle
import re
from collections.abc import Iterator

import pytest

from ocr_server import errors
from ocr_server.errors import OcrServerError, OutOfMemory, StorageFull
from ocr_server.jobs.storage import no_room


def family(kind: type[OcrServerError]) -> Iterator[type[OcrServerError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


EVERY_ERROR = [kind for kind in family(OcrServerError) if kind.__module__ == errors.__name__]


def test_every_error_has_a_code_of_its_own() -> None:
    codes = [kind.code for kind in EVERY_ERROR]

    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_a_code_and_a_title_belong_to_the_class_itself(kind: type[OcrServerError]) -> None:
    own = vars(kind)

    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", own["code"])
    assert own["title"]
    assert not own["title"].endswith(".")


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    drawn = re.findall(r"^    ([│├└─ ]*)([A-Z]\w+)", str(errors.__doc__), re.MULTILINE)
    depths = {name: len(branch) // 4 for branch, name in drawn}

    assert depths == {
        kind.__name__: len(kind.__mro__) - len(OcrServerError.__mro__) for kind in EVERY_ERROR
    }
    assert [name for _, name in drawn] == [kind.__name__ for kind in EVERY_ERROR]


@pytest.mark.parametrize("kind", EVERY_ERROR)
def test_an_error_crosses_processes_whole(kind: type[OcrServerError]) -> None:
    error = kind("Too wide: 7.", width_px=7, setting="OCR_XA", faults=[{"field": "a"}])

    copy = pickle.loads(pickle.dumps(error))  # noqa: S301  # our own

    assert type(copy) is kind
    assert copy.message == "Too wide: 7."
    assert copy.extra == error.extra


@pytest.mark.parametrize("error", [OutOfMemory.of_worker(), StorageFull.of_temp_dir()])
def test_what_the_server_lacks_is_told_with_the_setting_that_gives_more(
    error: OcrServerError,
) -> None:
    assert str(error.extra["setting"]) in error.message


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("It has 3. Send 2, or raise OCR_MAX_PAGES.", "It has 3. Send 2."),
        ("It has 1.5 MiB. Set OCR_XA, or OCR_YB. Try again.", "It has 1.5 MiB. Try again."),
        ("Save it again, or send another copy.", "Save it again, or send another copy."),
        ("Raise OCR_XA.", f"{StorageFull.title}."),
        (no_room().message, f"{no_room().message.partition('. ')[0]}. Try again later."),
    ],
)
def test_clients_of_other_services_are_not_told_of_settings(message: str, told: str) -> None:
    assert StorageFull(message).client_message == told
