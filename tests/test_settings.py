from __future__ import annotations

from dataclasses import fields

import pytest

from ocr_server.cgroup import MIB
from ocr_server.errors import SettingsError
from ocr_server.settings import Settings, service_links, table, variable


def test_without_an_environment_the_defaults_hold() -> None:
    settings = Settings.from_environment({})

    assert settings == Settings()
    assert (settings.host, settings.port) == ("127.0.0.1", 8080)
    assert settings.max_body_bytes == 50 * MIB
    assert settings.slots >= 1


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("OCR_HOST", "0.0.0.0", "0.0.0.0"),  # noqa: S104  # nothing listens
        ("OCR_PORT", " 0 ", 0),
        ("OCR_LANGUAGES", "eng+deu", ("eng", "deu")),
        ("OCR_LANGUAGES", "eng, script/Latin", ("eng", "script/Latin")),
        ("OCR_SLOTS", "3", 3),
        ("OCR_PAGE_TIMEOUT_S", "0.5", 0.5),
        ("OCR_TIMEOUT_S", "1e2", 100.0),
        ("OCR_LOG_FORMAT", "json", "json"),
        ("OCR_ENGINE", "tesserocr", "tesserocr"),
        ("OCR_TEMP_DIR", "/tmp/x", "/tmp/x"),  # noqa: S108  # nothing is written there
    ],
)
def test_a_setting_is_taken_from_its_variable(name: str, text: str, value: object) -> None:
    settings = Settings.from_environment({name: text, "PATH": "/bin"})

    assert getattr(settings, name.removeprefix("OCR_").lower()) == value


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OCR_PORT", "http"),
        ("OCR_PORT", "-1"),
        ("OCR_SLOTS", "0"),
        ("OCR_SLOTS", "1.5"),
        ("OCR_SLOTS", ""),
        ("OCR_TIMEOUT_S", "nan"),
        ("OCR_TIMEOUT_S", "inf"),
        ("OCR_TIMEOUT_S", "soon"),
        ("OCR_LANGUAGES", " + "),
        ("OCR_LANGUAGES", "../eng"),
        ("OCR_LOG_FORMAT", "xml"),
        ("OCR_ENGINE", "other"),
        ("OCR_MAX_BODY_BYTES", "50MB"),
        ("OCR_WORKER_MEMORY_BYTES", "1000"),
        ("OCR_TRUSTED_PROXY", "foo"),
        ("OCR_TRUSTED_PROXY", "10.0.0.0/8"),
    ],
)
def test_a_value_that_is_not_understood_stops_the_start_by_name(name: str, text: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({name: text})


def test_the_least_that_is_allowed_is_told_to_the_last_digit() -> None:
    with pytest.raises(SettingsError, match="a whole number, 67108864 or more"):
        Settings.from_environment({"OCR_WORKER_MEMORY_BYTES": "1000"})


@pytest.mark.parametrize("address", ["", "*", "10.0.0.1", "::1", "fd00:1::a"])
def test_a_trusted_proxy_has_an_address(address: str) -> None:
    assert Settings.from_environment({"OCR_TRUSTED_PROXY": address}).trusted_proxy == address


def test_a_name_that_is_not_known_stops_the_start_with_those_that_are() -> None:
    with pytest.raises(
        SettingsError, match=r"OCR_SLOT \(did you mean OCR_SLOTS\?\) is not a setting; there"
    ):
        Settings.from_environment({"OCR_SLOT": "2"})


def test_all_faults_are_said_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"OCR_PORT": "x", "OCR_SLOTS": "0", "OCR_WHAT": "1"})

    assert all(name in caught.value.message for name in ("OCR_PORT", "OCR_SLOTS", "OCR_WHAT"))


def test_a_secret_is_never_repeated() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"OCR_API_KEYS": "open sesame"})

    assert "sesame" not in caught.value.message
    assert "sesame" not in repr(Settings.from_environment({"OCR_API_KEYS": "sesame"}))


@pytest.mark.parametrize(("queue_size", "waiting"), [("0", 12), ("5", 5)])
def test_without_a_size_the_queue_is_four_for_each_slot(queue_size: str, waiting: int) -> None:
    environment = {"OCR_SLOTS": "3", "OCR_QUEUE_SIZE": queue_size}

    assert Settings.from_environment(environment).waiting == waiting


def test_every_setting_stands_in_the_table_with_a_meaning() -> None:
    rows = table()

    assert [name for name, _, _ in rows] == [variable(one) for one in fields(Settings)]
    assert all(default and meaning for _, default, meaning in rows)


def test_every_number_has_a_unit_in_its_name_or_counts_something() -> None:
    counted = {
        "port", "slots", "queue_size", "max_pages", "max_pixels", "max_words", "pdf_dpi",
        "max_connections_per_address", "jobs_max_pages", "jobs_slots",
    }  # fmt: skip

    numbers = {one.name for one in fields(Settings) if isinstance(one.default, int | float)}

    assert {name for name in numbers - counted if not name.endswith(("_s", "_bytes"))} == set()


SERVICE_LINKS = {
    "OCR_SERVICE_HOST": "10.0.0.7",
    "OCR_SERVICE_PORT": "8080",
    "OCR_SERVICE_PORT_HTTP": "8080",
    "OCR_PORT": "tcp://10.0.0.7:8080",
    "OCR_PORT_8080_TCP": "tcp://10.0.0.7:8080",
    "OCR_PORT_8080_TCP_PROTO": "tcp",
    "OCR_PORT_8080_TCP_PORT": "8080",
    "OCR_PORT_8080_TCP_ADDR": "fd00::7",
    "OCR_READER_SERVICE_HOST": "10.0.0.8",
    "OCR_READER_PORT_53_UDP": "udp://10.0.0.8:53",
    "OCR_READER_NAME": "/app/ocr-reader",
}


def test_variables_of_a_service_called_ocr_are_no_settings() -> None:
    environment = {**SERVICE_LINKS, "OCR_SLOTS": "3"}

    assert Settings.from_environment(environment) == Settings.from_environment({"OCR_SLOTS": "3"})
    assert set(service_links(environment)) == set(SERVICE_LINKS)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("OCR_PORT", "8O80"),
        ("OCR_SERVER_PORT", "8080"),
        ("OCR_SERVICE_PORT", "http"),
        ("OCR_SERVICE_HOST", "reader.example"),
        ("OCR_TIMOUT_S", "5"),
        ("OCR_NAME", "reader"),
    ],
)
def test_a_setting_that_only_looks_like_a_service_link_stops_the_start(
    name: str, text: str
) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**SERVICE_LINKS, name: text})


@pytest.mark.parametrize("path", ["", "/", "/ocr", "/ocr/", "/a-b/_c.d~e"])
def test_a_base_path_is_a_path(path: str) -> None:
    assert Settings.from_environment({"OCR_BASE_PATH": path}).base_path == path


@pytest.mark.parametrize("path", ["ocr", "//host", "/a//b", "/..", "/a/../b", "/a b", "/%2e", "/ä"])
def test_what_is_no_base_path_stops_the_start(path: str) -> None:
    with pytest.raises(SettingsError, match="OCR_BASE_PATH"):
        Settings.from_environment({"OCR_BASE_PATH": path})
