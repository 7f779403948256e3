"""The pages as an installed app, with which files are shared."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.letter import save_letter
from tests.browser.test_upload import expect_state

# As the system does it when a file is shared.
SHARE = """async (bytes) => {
  const form = document.createElement("form");
  Object.assign(form, { method: "post", action: "share", enctype: "multipart/form-data" });
  const input = Object.assign(document.createElement("input"), { type: "file", name: "file" });
  const files = new DataTransfer();
  files.items.add(new File([new Uint8Array(bytes)], "Brief für Anna.png", { type: "image/png" }));
  input.files = files.files;
  form.append(input);
  document.body.append(form);
  form.submit();
}"""


def test_a_browser_would_install_it(page: Page, url: str) -> None:
    page.goto(url)
    session = page.context.new_cdp_session(page)

    errors = session.send("Page.getInstallabilityErrors")["installabilityErrors"]

    # Contexts of tests are private windows, and those install nothing.
    assert {error["errorId"] for error in errors} <= {"in-incognito"}


def test_a_file_that_is_shared_with_the_app_lies_on_its_desk(
    page: Page, url: str, tmp_path: Path
) -> None:
    page.goto(url)
    assert page.evaluate("async () => !(await navigator.serviceWorker.getRegistration())")
    page.evaluate("dispatchEvent(new Event('appinstalled'))")
    page.evaluate("async () => void (await navigator.serviceWorker.ready)")
    picture = list(save_letter(tmp_path).read_bytes())
    page.evaluate(SHARE, picture)

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=name]")).to_have_text("Brief für Anna.png")
    assert page.url == f"{url}/"

    page.reload()

    expect(page.locator("[data-part=cards] > li")).to_have_count(1)
