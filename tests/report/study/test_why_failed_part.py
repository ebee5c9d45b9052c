"""Why runs failed, in the terminal and on the page."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import partial

from report.page_reader import PageReader, svgs
from report.printing import printed_by
from report.study.small_study import judged, result

from trainlab.report import print_study, study_html
from trainlab.report.study_page import method_words, offer_words, shares_of
from trainlab.stats import rate

printed = partial(printed_by, print_study)


def test_it_is_offered_where_runs_failed_and_it_wasnt_asked() -> None:
    runs = sum(len(item.runs.solved) for item in result().cells)
    failed = runs - sum(item.solved.k for item in result().cells)
    words = f"{failed:,} of {runs:,} runs failed; --why 20 tells of what, from 20 of each cell."
    assert offer_words(result()) == words
    assert words in " ".join(printed(result(), 80).split())
    assert offer_words(judged()) == ""
    solved = tuple(replace(item, solved=rate(20, 20)) for item in result().cells)
    assert offer_words(replace(result(), cells=solved)) == ""


def test_every_run_looked_into_has_its_row() -> None:
    for item in judged().cells:
        assert item.why is not None
        assert sum(row.failed.k for row in shares_of(item)) == item.why.looked_into == 2


def test_the_terminal_has_a_row_a_cause() -> None:
    text = printed(judged(), 100)
    start = text.index("Why runs failed (95 % interval)")
    table = text[start : text.index("Of each cell the failed runs")]
    for item in judged().cells:
        for row in shares_of(item):
            assert item.cell.name in table
            assert f"{row.failed.k:,} of {row.failed.n:,}" in table
            assert row.cause.split(", ")[0] in printed(judged(), 80)
    assert max(map(len, printed(judged(), 60).splitlines())) <= 60


def test_the_page_has_a_picture_a_table_and_the_evidence() -> None:
    page = study_html(judged())
    reader = PageReader(page)
    assert "Why runs failed" in [words for _, words in reader.headings]
    section = page[page.index('<section id="why"') :]
    section = section[: section.index("</section>")]
    assert len(svgs(section)) == 1
    causes = {cause for item in judged().cells if item.why for cause in item.why.causes}
    assert causes
    for cause in causes:
        assert cause.title in re.sub(r"\s+", " ", section)
        assert f"Seed {cause.seeds[0]}: " in section
    assert '<section id="why"' not in study_html(result())


def test_runs_that_ended_elsewhere_are_told() -> None:
    first = judged().cells[0]
    assert first.why is not None
    lost = replace(judged(), cells=(replace(first, why=replace(first.why, lost=1)),))
    assert method_words(lost).endswith("1 failed run ended elsewhere than recorded, and is left out.")
    assert "elsewhere" not in method_words(judged())
