"""The smallest budget as a page and in the terminal."""

from functools import partial

import pytest
from report.page_reader import PageReader, svgs
from report.printing import printed_by
from studies.races.test_smallest import judged, made_up

from trainlab.report import print_smallest, smallest_html
from trainlab.report.common import LINES

MANY = made_up(*(judged(number, "no", 3 * number) for number in range(3, 40)), judged(40, "yes", 255))


printed = partial(printed_by, print_smallest, details=False)


def test_the_page_is_whole() -> None:
    page = smallest_html(MANY)
    reader = PageReader(page)
    assert [words for level, words in reader.headings if level == "h2"] == [
        "Budget by budget",
        "How it was run",
    ]
    assert page.index('class="say"') < page.index("<svg") < page.index("<nav")
    assert len(svgs(page)) == 1
    assert all(f"N{number}" in page for number in range(3, 41))
    assert "judged on 32 to 63 at most" in page
    assert smallest_html(MANY) == page


@pytest.mark.parametrize("width", [80, 200])
def test_the_terminal_has_the_answer_and_those_around_it(width: int) -> None:
    text = printed(MANY, width=width)
    assert len(text.splitlines()) <= LINES
    assert "40 parameters are the fewest tried" in text
    assert "N40" in text
    assert "N3 " not in text
    assert "for this training only" in " ".join(text.split()).lower()
    details = printed(MANY, width=width, details=True)
    assert all(f"N{number} " in details for number in range(3, 41))


def test_an_answer_without_a_network() -> None:
    from trainlab.studies import BudgetJudged

    result = made_up(BudgetJudged(parameters=1), BudgetJudged(parameters=2))
    assert "No network with 1 and 2 parameters" in printed(result, width=80)
    PageReader(smallest_html(result))
