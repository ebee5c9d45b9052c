from dataclasses import replace
from functools import partial

import pytest
from report.printing import printed_by
from report.study.small_study import result

from trainlab import study
from trainlab.report import print_study

printed = partial(printed_by, print_study)


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_line_is_wider_than_the_terminal(width: int):
    assert max(map(len, printed(result(), width).splitlines())) <= width


def test_everything_is_said_in_order():
    text = " ".join(printed(result(), 100).split())
    places = [
        text.index(words)
        for words in ("Small", "refuted", "Solved, share", "Effect of each", "Seeds 0 to 19 in every")
    ]
    assert places == sorted(places)
    for cell in result("deep").cells:
        assert f"{100 * cell.solved.estimate:.1f} %" in text


def test_markup_in_names_is_text():
    text = printed(result(), 100)
    assert "<script>alert(1)</script>" in text
    assert '<b>"&' in text


def test_no_colour_means_no_escapes():
    assert "\x1b" in printed(result(), 80, force_terminal=True, color_system="256")
    plain = printed(result(), 80, no_color=True, force_terminal=True, color_system=None)
    assert "\x1b[3" not in plain


def test_narrow_terminals_get_a_table_for_each_network():
    assert printed(result(), 60).count("Averaged") == 2
    assert printed(result(), 120).count("Averaged") == 1


def test_one_cell_has_no_effects():
    assert "Effect of each" not in printed(result("deep:A"), 80)


def test_many_combinations_are_cut_to_the_simple_ones():
    head = '[baseline]\nnetwork = "2-2-1"\nepochs = 1\n'
    changes = "".join(f"[changes.C{i}]\nset.optimizer.lr = 0.{i + 1}\n" for i in range(6))
    from trainlab.spec import study_from_toml

    text = printed(study(study_from_toml(head + changes), seeds=2, workers=1), 100)
    assert "8 of 64 combinations" in text
    assert "C0+C1+C2+C3+C4+C5" in text
    assert " C0+C1 " not in text


def test_a_network_called_by_its_widths_is_named_once():
    from trainlab import run
    from trainlab.spec import Experiment

    one = run(Experiment.from_dict({"network": "2-3-1", "epochs": 2}), seeds=2, workers=1)
    lines = [line.strip() for line in printed(one, 80).splitlines()]
    assert "2-3-1" in lines
    assert "2-3-1  2-3-1" not in lines
    assert "trainable parameters" not in printed(one, 80)


def test_a_verdict_that_is_upheld_is_said_once():
    from trainlab.stats import Verdict

    upheld = Verdict(topic="solved", statement="It holds.", outcome="upheld", sentence="Always it holds.")
    assert "It holds." not in printed(replace(result(), verdicts=(upheld,)), 80)
    assert "It holds." in printed(replace(result(), verdicts=(replace(upheld, outcome="mixed"),)), 80)
