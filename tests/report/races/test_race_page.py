from dataclasses import replace
from functools import partial

from report.page_reader import PageReader, svgs
from report.printing import printed_by
from studies.races.racing import networks_race, race

from trainlab.report import print_race, race_html
from trainlab.report.common import LINES
from trainlab.report.races import FIRST
from trainlab.studies.race_result import SHOWN

printed = partial(printed_by, print_race)


def test_the_page_is_whole_and_escaped() -> None:
    result = replace(networks_race(), title="<b> & 'more'")
    page = race_html(result)
    reader = PageReader(page)
    assert [words for level, words in reader.headings if level == "h2"] == [
        "Leaderboard",
        "The networks in front",
        "Round by round",
        "How it was run",
    ]
    assert "<b>" not in page
    assert "&lt;b&gt;" in page
    assert not any(tag in ("link", "img") for tag, _ in reader.tags)
    assert page.index('class="say"') < page.index("<svg") < page.index("<nav")
    assert len(svgs(page)) == 1 + sum(item.run is not None for item in result.candidates)
    assert all(item.name in page for item in result.candidates)
    assert f"{result.runs:,} runs instead of {result.full_grid:,}" in page
    assert race_html(result) == page


def test_of_many_candidates_the_first_are_shown_and_all_can_be_opened() -> None:
    page = race_html(networks_race())
    total = len(networks_race().candidates)
    assert total > SHOWN
    assert f"Share solved by the first {FIRST} of {total}" in page
    assert f"All {total} networks" in page


def test_a_page_without_a_solved_run_says_so() -> None:
    nobody = race(cell="M:A+B", max_seeds=8, seeds=8, budget_seeds=32)
    page = race_html(nobody)
    PageReader(page)
    assert ("The networks in front" in page) == any(item.run for item in nobody.candidates)
    assert "32 runs: all candidates went to the end" in page


def test_the_terminal_has_verdict_leaders_and_rounds() -> None:
    result = networks_race()
    text = printed(result, width=140)
    assert result.verdict[:60] in text
    for item in result.candidates[:12]:
        assert item.name in text
        assert f"{item.solved.k:,} of {item.solved.n:,}" in text
    assert f"… and {len(result.candidates) - 12} more" in text
    for item in result.rounds:
        assert f"{item.runs:,}" in text
    assert max(map(len, printed(result, width=60).splitlines())) <= 60


def test_the_answer_of_a_race_has_thirty_lines_and_no_rounds() -> None:
    for result in (networks_race(), race(cell="M:A+B", max_seeds=8, seeds=8, budget_seeds=32)):
        text = printed(result, width=80, details=False)
        lines = text.splitlines()
        assert len(lines) <= LINES
        assert max(map(len, lines)) <= 80
        assert " ".join(result.verdict.split()) in " ".join(text.split())
        assert result.candidates[0].name in text
        assert "Rounds" not in text
        assert "--details" in lines[-1] or "--details" in lines[-2]
