"""The user's own rule: what may be written, what is refused in which words, and the state that follows."""

from __future__ import annotations

import math

import pytest

from trainlab.diagnosis.signals.learnt import State, UsersRule, rule_from, state_by_rule
from trainlab.errors import DiagnosisError


@pytest.mark.parametrize(
    ("text", "name", "sign", "bound"),
    [
        ("accuracy > 0.9", "accuracy", ">", 0.9),
        ("loss<=1e-3", "loss", "<=", 0.001),
        ("  test   accuracy >= 95 ", "test accuracy", ">=", 95.0),
        ("val_loss < -.5", "val_loss", "<", -0.5),
        ("R² > 0", "R²", ">", 0.0),
        ("mAP@50 > +0.5", "mAP@50", ">", 0.5),
    ],
)
def test_a_name_a_comparison_and_a_number(text: str, name: str, sign: str, bound: float):
    rule = rule_from(text)
    assert rule == UsersRule(name=name, sign=sign, bound=bound)
    assert rule_from(str(rule)) == rule


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "accuracy",
            "--solved 'accuracy': must be NAME > NUMBER, such as 'accuracy > 0.9', with one comparison. In a "
            "shell it needs quotes: without, > names a file.",
        ),
        ("", "--solved '': must be NAME > NUMBER"),
        ("0 < loss < 1", "--solved '0 < loss < 1': must be NAME > NUMBER"),
        ("accuracy == 1", "there is no comparison ==; there are >, >=, < and <=."),
        ("accuracy = 1", "there is no comparison =; there are"),
        ("accuracy => 1", "there is no comparison =>; there are"),
        ("accuracy != 1", "there is no comparison !=; there are"),
        ("accuracy ≥ 1", "there is no comparison ≥; there are"),
        ("> 0.9", "before > must stand the name of a number that is printed, as in 'accuracy > 0.9'."),
        ("0.9 < accuracy", "before < must stand the name of a number"),
        ("accuracy >", "after > must stand a number, such as 0.9."),
        ("accuracy > high", "after > must stand a number, such as 0.9."),
        ("accuracy > nan", "after > must stand a number, such as 0.9."),
        ("accuracy > inf", "after > must stand a number, such as 0.9."),
        ("accuracy > 1e999", "after > must stand a number, such as 0.9."),
        ("accuracy > 0,9", "after > must stand a number, such as 0.9."),
        ("accuracy > 90%", "after > must stand a number, such as 0.9. Give it as a share: 0.9."),
        ("accuracy > 99.9 %", "after > must stand a number, such as 0.9. Give it as a share: 0.999."),
        ("error < 0.5%", "after < must stand a number, such as 0.9. Give it as a share: 0.005."),
        ("a" * 61 + " > 1", "the name before > has 61 letters; at most 60 are allowed."),
    ],
)
def test_anything_else_is_refused_in_a_line(text: str, message: str):
    with pytest.raises(DiagnosisError) as raised:
        rule_from(text)
    said = str(raised.value)
    assert message in said
    assert said.startswith("--solved '")
    assert "\n" not in said


@pytest.mark.parametrize("bound", ["0.9x", "90 per cent"])
def test_a_share_is_suggested_only_for_a_percentage(bound: str):
    with pytest.raises(DiagnosisError, match=r"after > must stand a number, such as 0\.9\.$"):
        rule_from(f"accuracy > {bound}")


def test_only_the_option_needs_quotes_in_a_shell():
    with pytest.raises(DiagnosisError, match=r"with one comparison\.$"):
        rule_from("accuracy", option="watch: solved")


@pytest.mark.parametrize(
    ("rule", "value", "shown"),
    [
        ("accuracy >= 0.9", 0.89996, "0.89996"),
        ("accuracy > 0.9", 0.9000001, "0.9000001"),
        ("accuracy > 0.9", 0.87654, "0.877"),
        ("loss < 0.1", 0.1, "0.1"),
    ],
)
def test_a_number_is_shown_with_as_many_digits_as_the_verdict_needs(rule: str, value: float, shown: str):
    assert rule_from(rule).shown(value) == shown


def test_the_limit_has_all_its_digits():
    assert rule_from("accuracy > 0.98765432").limit == "> 0.98765432"


def test_in_python_the_message_has_the_keyword():
    with pytest.raises(
        DiagnosisError, match=r"watch: solved is 0\.9; must be a text such as 'accuracy > 0.9'"
    ):
        rule_from(0.9, option="watch: solved")


@pytest.mark.parametrize(
    ("sign", "holds"), [(">", [False, False, True]), (">=", [False, True, True]), ("<", [True, False, False])]
)
def test_it_holds_of_finite_numbers_only(sign: str, holds: list[bool]):
    rule = UsersRule(name="loss", sign=sign, bound=0.5)
    assert [rule.holds(value) for value in (0.4, 0.5, 0.6)] == holds
    assert not any(rule.holds(value) for value in (math.nan, math.inf, -math.inf))


@pytest.mark.parametrize(
    ("by_itself", "missed"),
    [("learnt", "poor"), ("poor", "poor"), ("unknown", "poor"), ("stuck", "stuck"), ("diverged", "diverged")],
)
def test_a_missed_goal_makes_no_training_stuck(by_itself: State, missed: State):
    assert state_by_rule(False, by_itself) == missed
    assert state_by_rule(True, by_itself) == "learnt"
