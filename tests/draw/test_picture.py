"""What holds for every picture, whatever its kind."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from trainlab.draw import Picture, css
from trainlab.draw.svg import text_width

SVG = "{http://www.w3.org/2000/svg}"
Make = Callable[[], Picture]


def _root(picture: Picture) -> ElementTree.Element:
    return ElementTree.fromstring(picture.svg)


def _bytes(markup: str) -> int:
    return len(markup.encode())


def test_is_well_formed_xml_and_survives_utf8(make: Make) -> None:
    picture = make()
    assert ElementTree.fromstring(picture.svg.encode()).tag == f"{SVG}svg"


def test_has_a_title_and_a_description_that_its_label_points_to(make: Make) -> None:
    picture = make()
    root = _root(picture)
    title, desc = root[0], root[1]
    assert (title.tag, desc.tag) == (f"{SVG}title", f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"
    assert title.text
    assert desc.text
    assert len(desc.text) < 600


@pytest.mark.computes
def test_same_input_same_bytes(make: Make) -> None:
    one, other = make(), make()
    assert one.svg == other.svg
    assert one._repr_html_() == other._repr_html_()


def test_ids_differ_between_pictures() -> None:
    from .conftest import KINDS

    ids = [identity for make in KINDS.values() for identity in re.findall(r' id="([^"]+)"', make().svg)]
    assert len(ids) == len(set(ids)) == 2 * len(KINDS)


def test_names_are_escaped(make: Make) -> None:
    picture = make()
    for markup in (picture.svg, picture._repr_html_()):
        assert "<b>" not in markup
        assert "\x1b" not in markup


@pytest.mark.computes
def test_thirty_pictures_stay_under_a_megabyte(make: Make) -> None:
    assert _bytes(make().svg) < 66_000


def test_stays_small_for_what_the_report_draws() -> None:
    from .conftest import KINDS

    limits = {
        "grid": 30_000,
        "intervals": 36_000,
        "predictions": 26_000,
        "2-11-1": 12_000,
        "deep": 12_000,
        "regions": 20_000,
    }
    sizes = {name: _bytes(KINDS[name]().svg) for name in limits}
    assert all(sizes[name] < limits[name] for name in limits), sizes


def test_text_and_data_are_json_without_nan(make: Make) -> None:
    picture = make()
    written = json.loads(json.dumps(picture.to_dict(), allow_nan=False))
    assert set(written) == {"title", "text", "data"}
    assert all(len(row) == len(written["data"]["headers"]) for row in written["data"]["rows"])
    assert str(picture) == picture.text
    assert picture.text.startswith(picture.title)


def test_colours_are_palette_roles_with_the_light_theme_as_fallback(make: Make) -> None:
    markup = make().svg
    defined = dict(re.findall(r"--tl-(\w+):(#\w+)", css().split("}")[0]))
    used = re.findall(r"var\(--tl-(\w+),(#\w+)\)", markup)
    assert used
    assert {role: defined[role] for role, _ in used} == dict(used)
    assert set(re.findall(r'(?:fill|stroke)="([^"]+)"', markup)) <= {*defined.values(), "none"}


def _words(root: ElementTree.Element) -> Iterator[tuple[float, float, str]]:
    """Yield (left, right, words) of each text that isn't in a moved group other than the body."""

    def walk(
        node: ElementTree.Element, size: float, anchor: str, shift: float
    ) -> Iterator[tuple[float, float, str]]:
        size, anchor = float(node.get("font-size", size)), node.get("text-anchor", anchor)
        moved = re.match(r"translate\(([-\d.]+)", node.get("transform", ""))
        shift += float(moved[1]) if moved else 0.0
        if node.tag == f"{SVG}text":
            width = text_width(node.text or "", size)
            start = float(node.get("x", 0)) + shift - width * {"start": 0, "middle": 0.5, "end": 1}[anchor]
            yield start, start + width, node.text or ""
        for child in node:
            yield from walk(child, size, anchor, shift)

    yield from walk(root, 12.0, "start", 0.0)


def test_no_text_leaves_the_picture(make: Make) -> None:
    found = list(_words(_root(make())))
    assert found
    assert [words for left, right, words in found if left < 0 or right > 400] == []


def test_every_number_in_the_markup_is_short(make: Make) -> None:
    assert re.findall(r"\d\.\d{3,}", re.sub(r"<(title|desc|text)\b.*?</\1>", "", make().svg)) == []


def test_shows_itself_in_a_notebook_with_words_and_numbers(make: Make) -> None:
    picture = make()
    markup = picture._repr_html_()
    seen: list[str] = []

    class Tags(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            seen.append(tag)

    Tags().feed(markup)
    assert seen[:3] == ["figure", "div", "svg"]
    assert "details" in seen
    assert ("table" in seen) == (len(picture.data["rows"]) <= 200)
