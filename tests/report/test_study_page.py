import re
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
from report.page_reader import PageReader, svgs
from report.small_study import AWKWARD, result

from trainlab import run, study
from trainlab.report import study_html
from trainlab.spec import Experiment
from trainlab.studies.result import StudyResult

SECTIONS = [
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


def test_order_is_verdicts_first_and_code_last():
    page = study_html(result())
    assert sections(page) == SECTIONS
    assert page.index("Does &lt;i&gt;it&lt;/i&gt; learn?") < page.index('id="verdicts"')


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
    assert len(links) == len(SECTIONS) - 1
    assert all(link[0] == "#" and link[1:] in ids for link in links)


def test_every_picture_is_xml():
    page = study_html(result())
    # Grid; effects twice; of two networks two ends each: loss, gradients, predictions; singles; runs.
    assert len(svgs(page)) >= 3 + 12 + 4


def test_nothing_is_loaded_and_no_script_runs():
    page = study_html(result())
    assert "://" not in page.replace('xmlns="http://www.w3.org/2000/svg"', "")
    reader = PageReader(page)
    tags = {tag for tag, _ in reader.tags}
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed"})
    assert not any(
        name in ("src", "srcset") or name.startswith("on") for _, found in reader.tags for name in found
    )
    assert "@import" not in page
    assert "url(" not in page


def test_names_and_titles_are_escaped():
    page = study_html(result())
    assert AWKWARD not in page
    assert "<script" not in page
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


def test_losses_are_named_on_their_axes():
    page = study_html(result())
    assert "loss (L1, log scale)" in page
    assert "loss (MSE, log scale)" in page


def test_one_cell_alone_has_no_effects():
    page = study_html(result("deep:A"))
    assert sections(page) == [name for name in SECTIONS if name != "effects"]
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


def test_all_96_cells_stay_under_1_mb():
    # Seeds don't add to the page; only the cells and the epochs recorded do.
    found = study("xor44", seeds=2, workers=1)
    page = study_html(found)
    assert len(found.cells) == 96
    assert len(page.encode()) < 1_000_000
    assert "Does each change help? 15 verdicts" in page
    PageReader(page)
