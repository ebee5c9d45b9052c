"""The answer of a study: its sentences, its table, what helps, and that it says no more than was seen."""

import re

import numpy as np
import pytest
from studies.made_up import cells_of, flags, runs_of, study_of
from studies.scored import lossy, made, near, scored

from trainlab.spec import Cell, Study, study_from_dict
from trainlab.studies import StudyResult, study
from trainlab.studies.answer import Answer, phases_note
from trainlab.studies.answer_by_score import answer_of

Shares = dict[tuple[str, ...], float]


def solved(shares: Shares | dict[str, Shares], *names: str, seeds: int = 100, **options) -> StudyResult:
    """Return a result whose cells, of all networks or each, solve these shares of their seeds."""

    def cell(one: Cell):
        mine = shares.get(one.network, shares)
        k = round(seeds * mine.get(one.changes, 0.0))
        return runs_of(one.experiment, flags((k, True), (seeds - k, False)))

    study = study_of(*names, **{"ask": (), **options})
    return made(study, cells_of(study, cell))


def headings(found: Answer) -> tuple[str, ...]:
    return tuple(found.table.headings())


def rows(found: Answer) -> list[list]:
    return found.table.rows()


@pytest.mark.parametrize(
    ("before", "after", "words"),
    [
        (0.04, 0.95, "A makes Net 1 (2-3-1) learn: 95 % of 100 seeds solved, 4 % at the baseline."),
        (0.0, 0.2, "A helps Net 1 (2-3-1), but most runs still fail: 20 % of 100 seeds solved, 0 % at the"),
        (0.1, 0.1, "A doesn't make Net 1 (2-3-1) learn: 10 % of 100 seeds solved, 10 % at the baseline."),
        (0.9, 0.4, "A lowers the share solved of Net 1 (2-3-1): 40 % of 100 seeds solved, 90 % at the"),
        (0.9, 0.9, "Net 1 (2-3-1) learns on most seeds with and without A: 90 % of 100 seeds solved, 90 %"),
        (0.5, 0.5, "Whether A makes Net 1 (2-3-1) learn on most seeds is open: 50 % of 100 seeds solved, 50"),
    ],
)
def test_one_change(before: float, after: float, words: str):
    assert solved({(): before, ("A",): after}, "A").answer.startswith(words)


def test_networks_that_fare_alike_share_a_sentence():
    ends = {"Net 1": (0.0, 0.9), "Net 2": (0.0, 0.92), "Net 3": (0.0, 0.2)}
    shares = {name: {(): low, ("A", "B"): high} for name, (low, high) in ends.items()}
    networks = ("2-3-1", "2-2-2-1", "2-4-1")
    assert solved(shares, "A", "B", networks=networks).answer == (
        "Both changes together make Net 1 (2-3-1) and Net 2 (2-2-2-1) learn: 90 % and 92 % of 100 seeds "
        "solved, 0 % and 0 % at the baseline. They help Net 3 (2-4-1), but most runs still fail: 20 %, 0 % "
        "at the baseline."
    )


def test_a_baseline_that_leaves_nothing_to_improve_is_said_to():
    full = solved({(): 1.0, ("A",): 1.0}, "A").answer
    assert full == "The baseline solves every one of 100 seeds: no change can help there."
    worse = solved({(): 1.0, ("A",): 0.3}, "A").answer
    assert "no change can help there. A lowers the share solved of Net 1 (2-3-1): 30 %" in worse
    almost = solved({(): 0.99, ("A",): 0.99}, "A").answer
    assert "no change" not in almost
    perfect = scored({(): near(1.0, spread=0), ("A",): near(0.9)}, "A").answer
    assert perfect.startswith(
        "The baseline gets every one of 40 held-out rows right on all 40 seeds: no change can help there. A "
        "hurts Net 1 (2-3-1) on this one split's rows: −10.0 points ("
    )


def test_the_best_of_many_is_said_to_be_picked():
    found = answer_of(solved({("A", "B"): 0.9}, "A", "B", "C", networks=("2-3-1", "2-4-1")))
    assert headings(found) == ("Network", "Baseline", "Best of 8", "All 3 changes")
    assert rows(found)[0][2] == "90 %: A+B"
    assert "picked on these same seeds" in found.remarks[0]
    few = answer_of(solved({("A", "B"): 0.9}, "A", "B", networks=("2-3-1", "2-4-1")))
    assert headings(few) == ("Network", "Baseline", "A", "B", "A+B")
    assert not any("picked" in remark for remark in few.remarks)


def test_what_helps_hurts_and_is_open():
    shares = {
        "Net 1": {(): 0.5, ("A",): 0.9, ("B",): 0.1, ("A", "B"): 0.5},
        "Net 2": {(): 0.5, ("A",): 0.9, ("B",): 0.5, ("A", "B"): 0.9},
    }
    effects = dict(answer_of(solved(shares, "A", "B", networks=("2-3-1", "2-4-1"))).effects)
    assert effects == {
        "Helps": "A on both +40",
        "Hurts": "B on Net 1 −40.0 (−44.0 to −34.4)",
        "Open": "B on Net 2 (no difference seen)",
    }


def test_what_was_asked_stands_with_its_shares():
    asked = {"networks": ("2-3-1", "2-1-3-1"), "ask": ("parameters", "predictions")}
    lines = dict(answer_of(solved({("A",): 1.0}, "A", **asked)).asked)
    assert lines == {
        "Upheld": "Every network has exactly 13 trainable parameters; Net 1 and Net 2 predict 0, 1, 1, 0 "
        "with A (100 of 100, 100 of 100)"
    }
    assert answer_of(solved({("A",): 1.0}, "A")).asked == ()


def test_all_of_too_few_seeds_is_told_to_be_too_few():
    asked = solved({(): 0.8, ("A",): 1.0}, "A", seeds=20, ask=("predictions",))
    (told,) = [words for _, words in answer_of(asked).asked]
    assert told.endswith("(20 of 20: too few seeds to tell)")
    many = solved({(): 0.8, ("A",): 0.8}, "A", ask=("predictions",))
    (told,) = [words for _, words in answer_of(many).asked]
    assert told.endswith("(80 of 100)")


def test_own_data_get_held_out_accuracy_beside_the_commonest_class():
    result = scored({(): near(0.8, spread=0), ("A",): near(0.85)}, "A", trained=0.86)
    guess = result.measure
    assert guess is not None
    assert result.answer == (
        "A helps Net 1 (2-3-1) on this one split's rows: +5.0 points (+1.2 to +8.3) of held-out accuracy. "
        "At the baseline Net 1 "
        f'(2-3-1) gets 80.0 % of 40 held-out rows right (median of 40 seeds), more than always answering "'
        f'{guess.majority}" does ({100 * guess.guess:.1f} %). On the rows trained on it gets 86.0 %, a gap '
        "that 40 rows can't tell from chance."
    )
    found = answer_of(result)
    assert rows(found)[0][0] == guess.guess_words
    assert any("Which rows are held out is chance as well" in remark for remark in found.remarks)
    assert not any("vanishing" in verdict.statement for verdict in result.verdicts)


def test_overfitting_is_told_where_the_rows_show_it():
    assert ": it overfits." in scored({(): near(0.7, spread=0)}, trained=1.0).answer
    assert "overfits" not in scored({(): near(0.7, spread=0)}, trained=0.75).answer
    assert "gap" not in scored({(): near(0.7, spread=0)}, trained=0.6).answer


def test_an_accuracy_no_better_than_the_guess_is_said_to_be():
    low = scored({(): near(0.3, spread=0)}).answer
    assert 'no more than always answering "class' in low


def test_averages_stand_beside_what_a_change_does_alone():
    values = {(): near(0.6), ("A",): near(0.7), ("B",): near(0.5), ("A", "B"): near(0.8)}
    answer = scored(values, "A", "B").answer
    assert re.match(
        r"A helps Net 1 \(2-3-1\) on this one split's rows: "
        r"\+20.0 points \(\+\S+ to \+\S+\) of held-out accuracy on average; alone "
        r"\+10.0 points \(\+\S+ to \+\S+\)\.",
        answer,
    )
    only_together = {(): near(0.6), ("A",): near(0.6), ("B",): near(0.6), ("A", "B"): near(0.9)}
    assert "of held-out accuracy on average (intervals within +" in scored(only_together, "A", "B").answer
    unseen = {(): near(0.6), ("A",): near(0.6), ("B",): near(0.9), ("A", "B"): near(0.6)}
    told = scored({**unseen, ("A", "B"): near(0.5)}, "A", "B").answer
    assert "on average; alone no difference is seen. At the baseline" in told.split("A hurts")[1]
    nothing = scored({(): near(0.6), ("A",): near(0.6)}, "A").answer
    assert nothing.startswith(
        "No change is seen to make a difference to the held-out accuracy on this one split's rows."
    )
    hurts = scored({(): near(0.8), ("A",): near(0.6)}, "A").answer
    assert hurts.startswith(
        "No change is seen to help on this one split's rows. "
        "A hurts Net 1 (2-3-1) on this one split's rows: −20.0 points ("
    )


def test_without_rows_held_out_that_is_said():
    values = {(): near(0.9)}
    study = {"split": {"held_out": 0.0}}
    found = answer_of(scored(values, **study))
    assert any("No rows were held out" in remark for remark in found.remarks)
    assert "held-out" not in found.sentence


def test_a_regression_gets_its_loss_and_r2():
    result = lossy({(): near(0.2, spread=0.0), ("A",): near(0.1, spread=0.0)}, "A")
    measure = result.measure
    assert measure is not None
    assert result.answer.startswith("A helps Net 1 (1-3-1) on this one split's rows: held-out loss −50.0 % (")
    assert f"R² {1 - 0.2 / measure.guess:.2f})" in result.answer
    assert "On the rows trained on it is 0.1." in result.answer
    assert headings(answer_of(result)) == ("Changes", "40 held out", "R²", "60 trained on")


def test_runs_that_diverged_are_counted():
    losses = near(0.2, spread=0.0)
    losses[:3] = np.nan
    found = answer_of(lossy({(): losses}))
    assert any(remark.startswith("3 of 40 runs diverged") for remark in found.remarks)


def test_one_cell_and_several_without_changes():
    assert solved({(): 0.9}).answer == "Net 1 (2-3-1) is solved on 90 of 100 seeds (90.0 %, 82.6 to 94.5 %)."
    two = solved({"Net 1": {(): 0.2}, "Net 2": {(): 0.9}}, networks=("2-3-1", "2-4-1")).answer
    assert two.startswith("Net 2 (2-4-1) is solved most often of 2 cells, on 90 of 100 seeds")
    assert "picked on these same seeds" in two


def test_print_and_notebook_begin_with_the_answer():
    result = solved({("A",): 0.95}, "A")
    assert str(result).splitlines()[1] == result.answer
    page = result._repr_html_()
    assert page.index("A makes Net 1 (2-3-1) learn") < page.index("<details>")
    assert result.to_dict()["answer"] == result.answer
    assert scored({(): near(0.8)}).to_dict()["measure"]["kind"] == "accuracy"


def test_a_perfect_baseline_of_few_seeds_rules_nothing_out():
    alone = scored({(): near(1.0, n=6, spread=0), ("A",): near(1.0, n=6, spread=0)}, "A").answer
    assert "right on all 6 seeds: no change can help there. " in alone
    assert "makes a difference" not in alone
    single = scored({(): near(1.0, n=1, spread=0), ("A",): near(1.0, n=1, spread=0)}, "A").answer
    assert single.startswith("What A does isn't told: 1 seed is too few to tell; 5 are needed.")


def test_cells_with_different_changes_share_no_sentence():
    values = {(): near(0.6), ("A",): near(0.9), ("B",): near(0.7), ("A", "B"): near(0.8)}
    full = scored(values, "A", "B", networks=("2-3-1", "2-4-1"))

    def only(*kept: tuple[str, tuple[str, ...]]) -> str:
        cells = tuple(item for item in full.cells if (item.cell.network, item.cell.changes) in kept)
        return made(full.study, cells).answer

    assert "The cells differ in their changes: the table tells how each does; always answering" in only(
        ("Net 1", ("A",)), ("Net 2", ("B",))
    )
    assert only(("Net 1", ("A",)), ("Net 2", ("A",))).startswith("With A the 2 networks get 90.0 % of")


def test_what_intervals_take_for_granted_is_said_in_the_details_alone():
    points = scored({(): near(0.6), ("A",): near(0.9)}, "A")
    assert not [remark for remark in answer_of(points).remarks if "Intervals allow" in remark]
    assert points.measure is not None
    assert points.measure.assumed == (
        "Intervals allow for a seed not seen that does as badly as the worst seen, or as "
        f"{points.measure.guess_words}; one that does worse still would widen them."
    )
    losses = lossy({(): near(0.2), ("A",): near(0.1)}, "A")
    (said,) = [remark for remark in answer_of(losses).remarks if "geometric" in remark]
    assert said == "Effects on the loss are ratios of geometric means, not of the medians in the table."
    (told,) = [item for item in losses.verdicts if item.topic == "change"]
    assert told.sentence.endswith(
        "Intervals allow for a seed not seen that does as badly as the worst seen, or as the best constant "
        "answer, or as well as the best seen; one beyond these would widen them."
    )


def test_that_trainings_go_on_is_said() -> None:
    plan = study_from_dict(
        {
            "baseline": {"network": "2-2-1", "epochs": 5, "record": {"loss_every": 5}},
            "phases": [{"set": {"loss": "l1", "epochs": 3}}, {}],
        }
    )
    note = "Every training goes on with its weights, with epochs = 3 and loss = l1, then no field changed; "
    assert answer_of(study(plan, seeds=3)).remarks[0].startswith(note)
    assert phases_note(Study(baseline=plan.baseline)) == ()
