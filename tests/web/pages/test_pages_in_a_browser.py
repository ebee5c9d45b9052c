"""The pages beside the lab in a browser: their scripts run under the server's policies, axe's rules hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from chromium import PHONE, OpenTab, Theme, needs_chromium
from diagnosis.report.test_show import finding, report
from playwright.sync_api import Page
from web.conftest import served
from web.pages.made_store import save_study

pytestmark = [needs_chromium, pytest.mark.process]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a server of a store with one study."""
    folder = tmp_path_factory.mktemp("store")
    save_study(folder, 6)
    with served(store=str(folder)) as (address, _):
        yield address.rstrip("/")


def broken_rules(page: Page) -> list[tuple[str, str]]:
    """Return the rules of WCAG 2.1 A and AA that a page breaks, each with the first place."""
    only = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
    violations = Axe().run(page, options=only).response["violations"]
    return [(each["id"], each["nodes"][0]["html"]) for each in violations]


@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (PHONE, "dark")])
def test_from_the_list_to_a_run_and_into_the_lab(
    open_tab: OpenTab, lab: str, width: int, theme: Theme
) -> None:
    tab = open_tab(f"{lab}/studies", width=width, theme=theme)
    for link, title in (
        ("Mine", "Mine"),
        ("2-2-1:A", "Mine: 2-2-1 with A"),
        ("1", "Mine: 2-2-1 with A, seed 1"),
        ("Where did it end?", "Mine: 2-2-1 with A, seed 1"),
    ):
        with tab.page.expect_navigation():  # right after a click a page has no title yet
            tab.page.get_by_role("link", name=link, exact=True).first.click()
        assert tab.page.title() == title
        assert broken_rules(tab.page) == []
    tab.page.get_by_role("link", name="Play it in the lab").click()
    tab.page.wait_for_url(re.compile(r"/#%7B"))
    assert tab.said == []
    assert all(each.startswith(lab) for each in tab.requests)


def test_the_script_of_a_page_sorts_its_table(open_tab: OpenTab, lab: str) -> None:
    tab = open_tab(f"{lab}/studies/1/cells/0")
    tab.page.locator("th button").nth(1).click()
    assert tab.page.locator("tbody tr td").first.inner_text() == "diverged"
    assert tab.said == []


def test_a_file_that_is_chosen_becomes_its_page(open_tab: OpenTab, lab: str, tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(report(finding("missing_zero_grad")).to_json())
    tab = open_tab(f"{lab}/diagnoses")
    assert broken_rules(tab.page) == []
    tab.page.set_input_files("#file", tmp_path / "report.json")
    tab.page.wait_for_selector("#answer")
    assert "missing_zero_grad" in tab.page.locator("main").inner_text()
    assert tab.said == []


def test_what_is_pasted_and_is_no_report_is_told(open_tab: OpenTab, lab: str) -> None:
    tab = open_tab(f"{lab}/diagnoses")
    tab.page.fill("textarea", "no report")
    tab.page.get_by_role("button", name="Read it").click()
    assert tab.page.get_by_role("alert").inner_text().startswith("That isn't JSON.")
