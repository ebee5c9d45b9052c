import html
import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from report.page_reader import PageReader, svgs
from report.study.small_study import AWKWARD, result

from trainlab import run, study
from trainlab.draw import unbroken
from trainlab.report import study_html
from trainlab.report.study_answer import answer_picture
from trainlab.spec import Experiment
from trainlab.stats import Verdict
from trainlab.studies import effect_picture
from trainlab.studies.result import StudyResult

SECTIONS = [
    "answer",
    "verdicts",
    "rates",
    "effects",
    "scores",
    "loss",
    "gradients",
    "predictions",
    "runs",
    "method",
    "code",
]


def sections(page: str) -> list[str]:
    return re.findall(r'<section id="(\w+)"', page)


def changed(given: StudyResult, **arrays: object) -> StudyResult:
    """Return the result with arrays of every cell's runs replaced."""
    cells = tuple(replace(cell, runs=replace(cell.runs, **arrays)) for cell in given.cells)
    return replace(given, cells=cells)


def test_order_is_the_answer_first_and_code_last():
    page = study_html(result())
    assert sections(page) == SECTIONS
    order = [
        "Does &lt;i&gt;it&lt;/i&gt; learn?",
        'id="answer"',
        'class="say"',
        "<svg",
        "<nav",
        'id="verdicts"',
    ]
    places = [page.index(words) for words in order]
    assert places == sorted(places)


def test_the_answer_is_the_studys_and_draws_each_network_at_the_baseline_and_with_all_changes():
    given = result()
    first = unbroken(given.answer.partition(". ")[0])
    assert html.escape(first) in study_html(given).split("<nav")[0]
    drawn = answer_picture(given)
    assert drawn is not None
    rows = {(row[0], row[1]): row[2] for row in drawn.data["rows"]}
    for name in given.study.network_names:
        for label, changes in (("baseline", ()), ("all changes: A+B", ("A", "B"))):
            assert rows[name, label] == pytest.approx(100 * given.cell(name, *changes).solved.estimate)
    assert drawn.title in study_html(given).split("<nav")[0]


def test_charts_side_by_side_share_their_scale():
    alone, averaged = (effect_picture(result(), kind=kind) for kind in ("alone", "main"))
    assert alone is not None
    assert averaged is not None
    grids = [re.search(r'<path d="(M[^"]+)" stroke-width="1"', drawn.svg) for drawn in (alone, averaged)]
    assert grids[0] is not None
    assert grids[1] is not None
    assert grids[0][1] == grids[1][1]
    ticks = [re.findall(r">(−?\d+)</text>", drawn.svg) for drawn in (alone, averaged)]
    assert ticks[0] == ticks[1] != []


def test_page_is_well_formed_and_headings_step_by_one():
    reader = PageReader(study_html(result()))
    levels = [int(name[1]) for name, _ in reader.headings]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(words.strip() for _, words in reader.headings)
    attributes = dict(reader.tags)
    assert attributes["html"]["lang"] == "en"
    assert any(tag == "meta" and found.get("name") == "viewport" for tag, found in reader.tags)


def test_ids_are_unique_and_links_lead_somewhere():
    reader = PageReader(study_html(result()))
    ids = Counter(found["id"] for _, found in reader.tags if "id" in found)
    assert [name for name, count in ids.items() if count > 1] == []
    links = [found["href"] for tag, found in reader.tags if tag == "a"]
    assert len(links) == len(SECTIONS) - 1  # the answer is in sight
    assert all(link[0] == "#" and link[1:] in ids for link in links)


def test_every_picture_is_xml():
    page = study_html(result())
    # Answer; grid; effects twice; of two networks two ends each: loss, gradients, predictions; singles; runs.
    assert len(svgs(page)) >= 4 + 12 + 4


def test_nothing_is_loaded():
    page = study_html(result())
    assert "://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    reader = PageReader(page)
    tags = {tag for tag, _ in reader.tags}
    assert tags.isdisjoint({"link", "img", "iframe", "object", "embed"})
    assert not any(
        name in ("src", "srcset") or name.startswith("on") for _, found in reader.tags for name in found
    )
    assert "@import" not in page
    assert "url(" not in page


def test_names_and_titles_are_escaped():
    page = study_html(result())
    assert AWKWARD not in page
    assert "<script>alert" not in page
    assert "<L1>" not in page
    assert "&lt;b&gt;&quot;&amp;" in page


def test_same_result_same_page():
    again = study(result().study, seeds=20, workers=1)
    assert study_html(replace(again, how=result().how)) == study_html(result())


def test_outcomes_are_told_by_mark_and_word():
    page = study_html(result())
    for verdict in result().verdicts:
        assert f'class="mark">{ {"upheld": "✓", "refuted": "✗", "mixed": "≈"}[verdict.outcome] } ' in page
        assert f"{verdict.outcome.capitalize()}:" in page


def test_of_a_long_verdict_the_first_sentence_stands_and_the_rest_is_folded():
    long = "It holds at 0.5 of 1.0. " + "And so does much else, with its number. " * 6
    verdict = Verdict(topic="solved", statement="It holds.", outcome="upheld", sentence=long.strip())
    page = study_html(replace(result(), verdicts=(verdict,)))
    assert "</span> It holds at 0.5 of 1.0.</p>" in page
    assert '<details class="printed"><summary>More numbers</summary>' in page


def test_single_run_sentence_has_count_and_share():
    page = study_html(result())
    opposite = next(v.opposite for v in result().verdicts if v.opposite)
    assert f"said the opposite on {opposite.k:,} of {opposite.n:,}" in page


def test_bands_say_of_how_many_seeds_they_are():
    experiment = {"network": "2-3-1", "epochs": 20, "record": {"loss_every": 10, "gradient_every": 10}}
    options = {"seeds": 9, "engine": "reference", "workers": 1}
    whole = study_html(run(Experiment.from_dict(experiment), **options))
    assert "Of all 9 seeds" not in whole
    assert "Of the first" not in whole
    experiment["record"]["curves"] = 4
    some = run(Experiment.from_dict(experiment), **options)
    assert "Of all 9 seeds, to within 0.4 %." in study_html(some)
    assert "Of the first 4 of 9 seeds." in study_html(some)
    (cell,) = some.cells
    old = replace(cell, loss=replace(cell.loss, n=4))
    assert "Of the 4 of 9 seeds whose losses were kept, to within 0.4 %." in study_html(
        replace(some, cells=(old,))
    )


@pytest.mark.pages
def test_too_few_readings_for_a_curve_are_told_instead():
    def page(epochs: int, **record: int) -> str:
        experiment = {"network": "2-3-1", "epochs": epochs, "record": record}
        return study_html(run(Experiment.from_dict(experiment), seeds=3, engine="reference", workers=1))

    short = page(60)
    assert (
        "No curve of the loss: 2 readings, at epoch 0 and 50 of 60; with record.loss_every = 3 there are 21."
        in short
    )
    assert (
        "No curve of the gradient: 1 reading, at epoch 0 of 60; with record.gradient_every = 3 there are 21."
        in short
    )
    for words in (
        "Loss (MSE): 2-3-1",
        "Gradients by layer: 2-3-1",
        "Median over the seeds",
        "Layer 1 is next",
    ):
        assert words not in short
    enough = page(60, loss_every=3, gradient_every=30)
    assert "No curve" not in enough
    for words in (
        "Loss (MSE): 2-3-1",
        "Gradients by layer: 2-3-1",
        "Median over the seeds",
        "Layer 1 is next",
    ):
        assert words in enough
    assert "1 reading, at epoch 0 of 1; more need more epochs." in page(1)
    assert "No curve" not in page(60, loss_every=0, gradient_every=0)


def test_a_name_that_is_the_widths_is_not_followed_by_them():
    page = study_html(run(Experiment.from_dict({"network": "2-3-1", "epochs": 4}), seeds=3, workers=1))
    assert "<dt>2-3-1</dt><dd>13 parameters" in page
    assert "<dt>deep</dt><dd>widths 2-3-2-2-1, " in study_html(result())


def test_a_verdict_is_said_once_if_it_is_upheld():
    given = result()
    upheld = Verdict(topic="solved", statement="It holds.", outcome="upheld", sentence="It holds always.")
    refuted = replace(upheld, outcome="refuted", sentence="It never holds.")
    page = study_html(replace(given, verdicts=(upheld, refuted)))
    assert page.split("<nav")[1].count("It holds.") == 1
    assert '<span class="muted">It holds.</span></p><p>It never holds.</p>' in page


def test_no_difference_beside_an_interval_without_zero_is_explained():
    given = result()
    first = given.effects[0]
    assert first.alone is not None
    value = replace(first.alone.value, estimate=0.2, low=0.01, high=0.39)
    read = replace(first.alone, value=value, reading="no difference seen", p_adjusted=0.12, together=4)
    plain = replace(read, value=replace(value, low=-0.01))
    told = study_html(replace(given, effects=(replace(first, alone=read, main=plain),)))
    assert "No difference seen, all the same. A on " in told
    assert ", alone: its interval leaves out 0, but the test has p = 0.12 as one of 4 read together" in told
    assert told.count("no difference seen, of 4 read together") == 1
    untold = study_html(replace(given, effects=(replace(first, alone=plain, main=plain),), interactions=()))
    assert "read together (Holm)" not in untold


def test_losses_are_named_on_their_axes():
    page = study_html(result())
    assert "loss (L1, log scale)" in page
    assert "loss (MSE, log scale)" in page


def test_one_cell_alone_has_no_effects():
    page = study_html(result("deep:A"))
    # Nor is it judged: it has neither all changes nor a baseline.
    assert sections(page) == [name for name in SECTIONS if name not in ("verdicts", "effects")]
    assert "none was solved" in page or "solved: seed" in page
    PageReader(page)


def test_one_network_without_changes():
    page = study_html(run(Experiment.from_dict({"network": "2-3-1", "epochs": 20}), seeds=3, workers=1))
    assert "2-3-1 on xor" in page
    assert "effects" not in sections(page)
    PageReader(page)


def test_solved_and_unsolved_runs_are_those_of_the_lowest_seeds():
    given = result("deep:A")
    n = given.how.seeds
    solved = np.zeros(n, dtype=bool)
    solved[[7, 9]] = True
    page = study_html(changed(given, solved=solved))
    assert "deep, solved: seed 7, A" in page
    assert "deep, not solved: seed 0, A" in page


def test_missing_kind_of_run_is_said():
    given = result("deep:A")
    page = study_html(changed(given, solved=np.ones(20, dtype=bool)))
    assert "There is no run that was not solved" in page
    page = study_html(changed(given, solved=np.zeros(20, dtype=bool)))
    assert "There is no run that was solved" in page


def test_diverged_runs_are_shown_as_such():
    given = result("deep:A")
    parameters = np.full_like(given.cells[0].runs.parameters, np.nan)
    wrecked = changed(
        given,
        solved=np.zeros(20, dtype=bool),
        parameters=parameters,
        diverged_step=np.full(20, 3),
        predictions=np.full_like(given.cells[0].runs.predictions, np.nan),
    )
    page = study_html(wrecked)
    assert "It diverged after 3 steps" in page
    svgs(page)


@pytest.mark.pages
def test_all_96_cells_stay_under_1_mb_and_their_accuracies_are_a_grid():
    # Seeds don't add to the page; only the cells and the epochs recorded do.
    found = study("xor44", seeds=2, workers=1)
    page = study_html(found)
    assert len(found.cells) == 96
    assert len(page.encode()) < 1_000_000
    assert "Does each change help? 15 verdicts" in page
    assert "Accuracy at the end, by changes made and network" in page
    (scores,) = re.findall(r'<section id="scores".*?</section>', page, re.DOTALL)
    assert re.search(r"<details[^>]*><summary>Accuracy, median[^<]*: 96 cells as a table</summary>", scores)
    assert scores.index("<details") < scores.index("<table")
    PageReader(page)
