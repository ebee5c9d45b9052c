"""The pictures of docs/lab.md: the lab as a visitor meets it, photographed in Chromium.

    python -m docs.lab_tour

Each step is done as the page says it, by clicks and keys. tests/docs/test_lab_tour.py walks the same way.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from playwright.sync_api import Page, sync_playwright

PICTURES: Final = Path(__file__).with_name("pictures")
OPTIONS: Final = ("--no-sandbox", "--disable-background-networking", "--disable-sync")
WIDTH, HEIGHT = 1280, 800
DEEP: Final = "Model 3"


def first_view(page: Page) -> None:
    """The page as it opens: most seeds solve it, some don't."""
    settle(page)


def failed_seed(page: Page) -> None:
    """Why did this seed fail? Three clicks: the deep network, the changes, the next seed that failed."""
    page.get_by_role("button", name=DEEP, exact=True).click()
    for change in "ABE":
        page.get_by_role("button", name=f"{change}: ").click()
    settle(page)
    page.get_by_role("button", name="Next that failed").click()
    settle(page)
    page.locator("#run").scroll_into_view_if_needed()
    page.locator("#run").evaluate("(card) => card.scrollIntoView()")


def comparison(page: Page) -> None:
    """What does the last activation do, on the same seeds?"""
    page.get_by_role("tab", name="Compare").click()
    page.get_by_role("button", name="Keep this as A, change B").first.click()
    page.get_by_role("button", name="E: ").click()
    settle(page)
    to_tabs(page)


def plane(page: Page) -> None:
    """Where does it work? The plane of two settings around the present ones."""
    page.get_by_role("tab", name="Map").click()
    cells = page.get_by_role("gridcell")
    cells.first.wait_for()
    page.wait_for_function(
        "() => [...document.querySelectorAll('[role=gridcell]')].every((cell) => cell.textContent.trim())",
        timeout=120_000,
    )
    to_tabs(page)


def microscope(page: Page) -> None:
    """The chain rule, number by number."""
    page.get_by_role("tab", name="Microscope").click()
    page.get_by_role("button", name="Last operation").click()
    settle(page)
    to_tabs(page)


STEPS: Final[dict[str, Callable[[Page], None]]] = {
    "lab-first": first_view,
    "lab-failed": failed_seed,
    "lab-compare": comparison,
    "lab-map": plane,
    "lab-microscope": microscope,
}
"""What is done for each picture, beginning from the page as it opens."""


def settle(page: Page) -> None:
    """Wait until answer and run are whole."""
    page.wait_for_selector("#answer[data-whole=true]", timeout=120_000)
    page.wait_for_selector("#run:not(.stale) canvas", timeout=120_000)
    page.wait_for_timeout(1500)


def to_tabs(page: Page) -> None:
    """Scroll to what lies below the run."""
    page.wait_for_timeout(2500)
    page.get_by_role("tablist").evaluate("(tabs) => tabs.parentElement.scrollIntoView()")


def walk(address: str, folder: Path, *, theme: str = "light") -> list[Path]:
    """Go through all steps at a lab's address, and return the pictures made in the folder.

    Raises:
        RuntimeError: the page's console said something on the way.
    """
    made: list[Path] = []
    said: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=OPTIONS)
        for name, step in STEPS.items():
            page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme=theme)
            page.on("console", lambda message: said.append(message.text))
            page.on("pageerror", lambda error: said.append(str(error)))
            page.goto(address)
            settle(page)
            step(page)
            made.append(folder / f"{name}.png")
            page.screenshot(path=made[-1])
            page.close()
        browser.close()
    if said:
        raise RuntimeError("\n".join(said))
    return made


@contextmanager
def serving() -> Iterator[str]:
    """Run ``trainlab serve``, and give its address."""
    command = [sys.executable, "-m", "trainlab", "serve", "--no-open", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        found = re.search(r"http://\S+", process.stdout.readline())
        assert found is not None
        yield found[0]
    finally:
        process.kill()
        process.communicate()


if __name__ == "__main__":
    with serving() as lab:
        for file in walk(lab, PICTURES):
            print(file.name)
