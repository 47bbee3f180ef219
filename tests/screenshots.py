"""`make screenshots`: pictures of every page, at a desk and on a phone, in both languages.

Serves the demonstration from a folder of its own and leaves the pictures in `screenshots/`.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from app.settings import PROJECT
from app.web.pages.administration_pages import SECTIONS
from tests.conftest import ADMIN_PASSWORD, free_port
from tests.web.test_browser import ARGUMENTS, CHROMIUM

TARGET = PROJECT / "screenshots"
WIDTHS = (1440, 390)


def main() -> int:
    """Take the pictures; the exit status is 1 where there is no browser."""
    if CHROMIUM is None:
        print("Chromium is not installed.", file=sys.stderr)
        return 1
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir()
    with tempfile.TemporaryDirectory() as folder:
        process, link = _serve(Path(folder))
        try:
            _take_all(link)
        finally:
            process.terminate()
            process.wait()
    print(f"{len(list(TARGET.iterdir()))} pictures in {TARGET.name}/")
    return 0


def _serve(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """Start the demonstration; the link that signs in to its first case."""
    environment = {
        **os.environ,
        "VEXASCOPE_DATA_DIR": str(folder),
        "VEXASCOPE_PORT": str(free_port()),
        "VEXASCOPE_ADMIN_PASSWORD": ADMIN_PASSWORD,
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "demo"]
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    link = ""
    for line in process.stdout:
        link = line.split()[-1] if "signed in" in line else link
        if "is ready at" in line:
            return process, link
    raise RuntimeError(f"the demonstration ended with {process.wait()}")


def _take_all(link: str) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        for width in WIDTHS:
            # English in the light, French in the dark: each page is seen in both.
            for scheme, language in (("light", "en"), ("dark", "fr")):
                context = browser.new_context(
                    viewport={"width": width, "height": 900},
                    color_scheme=scheme,
                    locale=language,
                )
                page = context.new_page()
                _take(page, link, f"{width}-{scheme}-{language}")
                _take_administration(page, link, f"{width}-{scheme}-{language}")
                context.close()
        browser.close()


def _take(page: Page, link: str, suffix: str) -> None:
    origin = "/".join(link.split("/")[:3])
    page.goto(f"{origin}/sign-in")
    _shot(page, "sign-in", suffix)
    page.goto(link)
    _shot(page, "report", suffix)
    case = page.url.removesuffix("/report")
    for name, address in {
        "case": case,
        "worklist": f"{origin}/cases",
        "new": f"{origin}/cases/new",
        "readers": f"{case}/readers",
        "sign": f"{case}/sign",
        "versions": f"{case}/report/versions",
        "preferences": f"{origin}/preferences",
        "gallery": f"{case}/gallery",
    }.items():
        page.goto(address)
        _shot(page, name, suffix)
    # The gallery again: one cell enlarged, with its heat map.
    page.locator("a.cell").first.focus()
    page.keyboard.press("z")
    page.locator("#viewer-body img").first.wait_for()
    page.keyboard.press("h")
    _shot(page, "cell", suffix)


def _take_administration(page: Page, link: str, suffix: str) -> None:
    """The rooms of the administrator, and the account."""
    origin = "/".join(link.split("/")[:3])
    page.context.clear_cookies()
    page.goto(f"{origin}/sign-in")
    page.locator("#name").fill("admin")
    page.locator("#password").fill(ADMIN_PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/cases")
    for path in ("/account", "/administration", *(section.path for section in SECTIONS)):
        page.goto(f"{origin}{path}")
        _shot(page, path.strip("/").replace("/", "-"), suffix)


def _shot(page: Page, name: str, suffix: str) -> None:
    page.wait_for_load_state("networkidle")
    page.screenshot(path=TARGET / f"{name}-{suffix}.png", full_page=name == "report")


if __name__ == "__main__":
    sys.exit(main())
