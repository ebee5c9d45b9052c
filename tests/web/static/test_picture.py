"""Pictures taken from the page stand alone: with colours, without style sheets, a PNG twice the size."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest
from chromium import OpenTab, needs_chromium
from playwright.sync_api import Page

from trainlab.draw import css
from trainlab.draw.palette import DARK, LIGHT
from trainlab.web.without_server import bundle

pytestmark = [needs_chromium, pytest.mark.process]

PAGE = f"""<!doctype html><style>{css()} body{{background:var(--tl-bg)}} .bar{{fill:var(--tl-s2)}}
.gone{{display:none}}</style>
<figure><figcaption>Bars &amp; a map</figcaption>
<svg viewBox="0 0 100 50" width="200" height="100"><title>Bars</title><g fill="var(--tl-s1)"><rect width="40"
height="50"/><rect class="bar" x="50" width="40" height="50"/><text class="gone">no</text></g></svg>
<canvas width="20" height="10"></canvas>
<table><tr><td style="background:var(--tl-s3)">60 %</td></tr></table></figure>"""


def opened(open_tab: OpenTab, theme: str) -> Page:
    page = open_tab("about:blank", theme=theme).page
    page.set_content(PAGE)
    page.add_script_tag(content=bundle("take_away_view"))
    return page


def rgb(colour: str) -> str:
    return f"rgb({', '.join(str(int(colour[at : at + 2], 16)) for at in (1, 3, 5))})"


@pytest.mark.parametrize(("theme", "palette"), [("light", LIGHT), ("dark", DARK)])
def test_a_drawing_has_its_colours_in_it(open_tab: OpenTab, theme: str, palette: dict[str, str]):
    text = opened(open_tab, theme).evaluate("pictureOf(document.querySelector('figure')).text")
    assert not re.search(r"var\(|class=|<style", text)
    drawn = ElementTree.fromstring(text)
    fills = [each.get("fill") for each in drawn.iter("{http://www.w3.org/2000/svg}rect")]
    # The background, the bar that has its colour from the group around it, that of a class, and a cell.
    assert fills == [rgb(palette["bg"]), None, rgb(palette["s2"]), rgb(palette["s3"])]
    assert f'<g fill="{rgb(palette["s1"])}"' in text
    assert 'display="none"' in text
    assert "Bars &amp; a map</text>" in text
    assert "60 %</text>" in text
    assert "data:image/png;base64," in text


def test_a_png_is_twice_as_large(open_tab: OpenTab):
    page = opened(open_tab, "light")
    told = page.evaluate(
        """async () => {
          const picture = pictureOf(document.querySelector("figure"));
          const image = await createImageBitmap(await pngOf(picture));
          return [image.width - 2 * picture.width, image.height - 2 * picture.height, picture.width];
        }"""
    )
    assert told[:2] == [0, 0]
    assert told[2] > 200
