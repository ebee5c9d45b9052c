"""Headless Chromium for tests of pages: a browser a file, driven by Playwright, and tabs that keep notes.

It is Debian's own (``apt-get install chromium``); Playwright downloads none.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import pytest

from measure.browser import OPTIONS, executable

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

Theme = Literal["light", "dark"]
PHONE = 390


needs_chromium = pytest.mark.skipif(
    executable() is None, reason="no Chromium here; on Debian: apt-get install chromium"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Tab:
    """A page, the addresses that it asked for, and what its console said: warnings, errors, exceptions."""

    page: Page
    requests: list[str] = field(default_factory=list[str])
    said: list[str] = field(default_factory=list[str])


OpenTab = Callable[..., Tab]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser, as long as the tests of a file run: Playwright's loop would be in the way of others'."""
    # Only tests of pages pay for its import.
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable(), args=OPTIONS)
        yield browser
        browser.close()


@pytest.fixture
def open_tab(chromium: Browser) -> Generator[OpenTab]:
    """A function that opens a tab of its own: ``open_tab(address, width=…, theme=…, script=…)``.

    A tab below 500 px is a phone's. All are closed when the test ends.
    """
    with ExitStack() as tabs:
        yield lambda address, **how: tabs.enter_context(_tab(chromium, address, **how))


@contextmanager
def _tab(
    browser: Browser,
    address: str,
    *,
    width: int = 1280,
    theme: Theme = "light",
    script: bool = True,
    **more: Any,
) -> Iterator[Tab]:
    phone = width < 500
    context = browser.new_context(
        viewport={"width": width, "height": 844 if phone else 900},
        device_scale_factor=2 if phone else 1,
        is_mobile=phone,
        has_touch=phone,
        color_scheme=theme,
        java_script_enabled=script,
        **more,
    )
    tab = Tab(page=context.new_page())
    tab.page.on("request", lambda request: tab.requests.append(request.url))
    tab.page.on(
        "console",
        lambda message: tab.said.append(message.text) if message.type in ("warning", "error") else None,
    )
    tab.page.on("pageerror", lambda error: tab.said.append(str(error)))
    tab.page.goto(address)
    yield tab
    context.close()
