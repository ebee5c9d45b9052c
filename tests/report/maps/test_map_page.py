"""The page of a map: verdict first, pictures, method last; no script, no network, escaped."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise

import numpy as np
from report.page_reader import PageReader, svgs
from studies.made_up import TINY
from studies.maps.made_map import made_map

from trainlab.report import map_html
from trainlab.spec import NamedNetwork, Study, experiment_from_toml


def test_verdict_first_and_method_last():
    page = map_html(made_map())
    assert re.findall(r'<section id="(\w+)"', page) == ["answer", "plane", "best", "method"]
    assert page.index("2-3-1 learns at") < page.index("<svg") < page.index("<nav")
    levels = [int(name[1]) for name, _ in PageReader(page).headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))


def test_four_pictures_without_links_outside():
    page = map_html(made_map())
    assert len(svgs(page)) == 4
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "")
    reader = PageReader(page)
    ids = Counter(found["id"] for _, found in reader.tags if "id" in found)
    assert [name for name, count in ids.items() if count > 1] == []


def test_where_nothing_diverges_a_sentence_says_so():
    result = made_map()
    result.shares.runs[-1] += result.shares.runs[1]
    result.shares.runs[1] = 0
    page = map_html(result)
    assert len(svgs(page)) == 3
    assert "No seed diverged anywhere in this plane." in page


def test_the_best_point_is_there_as_a_file_that_can_be_read_back():
    result = made_map()
    page = map_html(result)
    script = re.search(r"<code>(.*?)</code>", page, re.DOTALL)
    assert script is not None
    assert experiment_from_toml(script[1].replace("&quot;", '"')) == result.best_experiment
    table = re.sub(r"<[^>]+>", " ", page[page.index("<table") :])
    for words in ("90.0 % (82.6–94.5)", "100.0 % (72.2–100.0)", "as the file has it", "30.0 % (8.7–60.7)"):
        assert words in table


def test_the_method_says_what_was_trained_and_what_not():
    result = made_map()
    page = map_html(result)
    assert "all 48 trained" in page
    assert "seeds 0 to 9" not in page
    assert "0 to 9 at every point; the best point again on 10 to 109" in page
    assert "the interval is 72 to 100 %" in page
    assert "optimizer.lr: 8 values from 0.001 to 10, log" in page
    result.counts.runs[:, 0, 0] = -1
    assert "47 of 48 trained: a coarse grid, then more" in map_html(result)


def test_without_a_best_point_the_page_has_none():
    page = map_html(made_map(height=0))
    assert "The best point as" not in page
    assert "best point" not in page
    assert "The file's own setting" in page.replace("&#x27;", "'")
    assert "30.0 % (8.7–60.7)" in page
    assert 'id="best"' not in map_html(made_map(height=0, own=False))


def test_names_are_escaped():
    awkward = NamedNetwork(name='<b>"&')
    page = map_html(made_map(base=Study(baseline=TINY, networks=(awkward,))))  # type: ignore[arg-type]
    assert "<b>" not in page
    assert "&lt;b&gt;" in page


def test_the_same_map_gives_the_same_page():
    assert map_html(made_map()) == map_html(made_map())
    assert np.isnan(made_map().counts.epochs).any()
