"""Headers for browsers, whoever answers."""

from __future__ import annotations

import pytest

from ocr_server.browser_headers import cross_origin_headers, security_headers
from ocr_server.station import dashboard
from ocr_server.web import browser


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
