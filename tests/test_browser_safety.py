from __future__ import annotations

import socket

import pytest

from ocr_server.browser_safety import (
    cross_origin_headers,
    is_cross_site,
    is_served,
    security_headers,
    served_names,
)
from ocr_server.station import dashboard
from ocr_server.web import browser

HERE = "ocr.example:8080"


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {}),
        ("POST", {"Origin": "http://ocr.example:8080"}),
        ("POST", {"Origin": "https://OCR.example:8080"}),  # a proxy speaks https
        ("POST", {"Origin": "https://ocr.example", "Sec-Fetch-Site": "same-origin"}),
        ("POST", {"Sec-Fetch-Site": "none"}),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        ("HEAD", {"Sec-Fetch-Site": "same-site", "Sec-Fetch-Mode": "navigate"}),
    ],
)
def test_programs_own_pages_and_links_are_not_cross_site(
    method: str, headers: dict[str, str]
) -> None:
    assert not is_cross_site(method, headers, host=HERE)


@pytest.mark.parametrize(
    ("method", "headers"),
    [
        ("POST", {"Origin": "http://evil.example"}),
        ("POST", {"Origin": "http://ocr.example"}),  # another port is another origin
        ("POST", {"Origin": "null"}),
        ("POST", {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}),
        ("POST", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}),
        ("POST", {"Sec-Fetch-Site": "same-site"}),
        ("GET", {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "no-cors"}),
        ("GET", {"Origin": "http://evil.example"}),
    ],
)
def test_what_pages_of_others_send_is_cross_site(method: str, headers: dict[str, str]) -> None:
    assert is_cross_site(method, headers, host=HERE)
    assert is_cross_site(method, headers, host=HERE, origins=("https://app.example",))
    assert not is_cross_site(method, headers, host=HERE, origins=("*",))


def test_a_named_origin_is_allowed() -> None:
    headers = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site"}

    assert not is_cross_site("POST", headers, host=HERE, origins=("https://app.example",))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1"])
def test_on_loopback_only_the_names_of_the_machine_are_served(host: str) -> None:
    names = served_names(host, ())

    assert is_served(f"{socket.gethostname()}:8080", names)
    assert is_served("localhost.", names)
    assert not is_served("evil.example", names)


def test_elsewhere_every_name_is_served_unless_some_are_set() -> None:
    assert is_served("any.example", served_names("0.0.0.0", ()))  # noqa: S104
    assert is_served("a.example", served_names("0.0.0.0", ("A.example",)))  # noqa: S104
    assert is_served("192.0.2.1:80", served_names("0.0.0.0", ("a.example",)))  # noqa: S104
    assert not is_served("b.example", served_names("0.0.0.0", ("a.example",)))  # noqa: S104


def test_rules_are_added_to_a_policy_that_forbids_all_else() -> None:
    policy = security_headers({"img-src": "'self'"})["Content-Security-Policy"]

    assert policy == (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def test_only_a_page_that_has_use_for_the_camera_may_ask_for_it() -> None:
    assert "camera=()" in security_headers()["Permissions-Policy"]
    assert "camera=(self)" in security_headers(has_camera=True)["Permissions-Policy"]


@pytest.mark.parametrize("headers", [dashboard.HEADERS, browser.HEADERS])
def test_the_server_and_the_station_have_all_headers(headers: dict[str, str]) -> None:
    assert set(security_headers()) <= set(headers)


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        (("https://one.test",), "https://one.test", "https://one.test"),
        (("*",), "https://one.test", "*"),
        (("https://one.test",), "https://other.test", None),
        (("*",), None, None),
    ],
)
def test_an_answer_may_be_read_by_the_origins_that_are_named(
    origins: tuple[str, ...], origin: str | None, allowed: str | None
) -> None:
    headers = cross_origin_headers(origins, origin)

    assert headers.get("Access-Control-Allow-Origin") == allowed
