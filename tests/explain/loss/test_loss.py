"""The whole answer, on small populations."""

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from trainlab import explain
from trainlab.engine import Runs, custom_loss
from trainlab.errors import ExplainError, SpecError
from trainlab.execution import train_all
from trainlab.explain.questions.loss.pairing import pair_rates, population_sentence, variants_of
from trainlab.explain.questions.loss.question import LossExplanation
from trainlab.spec import Experiment, LossBelow, Within, any_study, named_cell


@pytest.fixture(scope="module")
def answer() -> LossExplanation:
    return explain.loss(seeds=24, workers=1)


def test_the_answer_for_the_assignments_network(answer: LossExplanation) -> None:
    names = [part.name for part in answer.sections]
    assert names == ["pairing", "table", "shapes", "points", "population", "outliers"]
    assert (answer.question, answer.pairing.output, answer.pairing.loss) == ("loss", "tanh", "l1")
    assert answer.pairing.verdict == "works"
    assert answer.verdict.startswith("l1 after tanh for two classes works, but isn't the one to choose")
    assert "On 24 seeds tanh + l1 solved" in answer.verdict
    assert len(answer.points) == 4
    assert answer.rates[0].label == "tanh + l1"
    assert answer.rates[0].difference is None
    assert answer.outliers is not None
    assert {"pairing", "table", "outliers"} <= set(names)


def test_the_numbers_are_plain_and_whole(answer: LossExplanation) -> None:
    numbers = json.loads(answer.to_json())["numbers"]
    documented = "pairing pairings takes shapes log_table points autograd_difference population outliers"
    assert list(numbers) == ["network", *documented.split()]
    assert numbers["network"] == {"label": "2-5-4-1", "widths": [2, 5, 4, 1], "parameters": 44}
    assert len(numbers["pairings"]) == 3 * 14 * 10
    assert all(f"``{key}``" in str(LossExplanation.__doc__) for key in numbers)
    assert numbers["autograd_difference"] < 1e-12
    assert [each["loss"] for each in numbers["takes"]][:2] == ["l1", "mse"]
    assert len(numbers["points"]["start"]) == 4
    assert numbers["points"]["inputs"] == [[0, 0], [0, 1], [1, 0], [1, 1]]
    assert not any("inputs" in each for each in numbers["points"]["start"])
    assert numbers["population"][1]["difference"]["low"] <= numbers["population"][1]["difference"]["estimate"]
    assert set(numbers["outliers"]) == {"losses", "comparisons", "statements"}


def test_it_prints_and_plots_itself(answer: LossExplanation) -> None:
    html = answer._repr_html_()
    assert html.count("<svg") == len(answer.pictures) == 4
    assert "NaN" not in html
    assert repr(answer).startswith("<LossExplanation 'What is a loss?'")
    assert answer.subject.startswith("2-5-4-1 on xor with ")


def test_the_rates_are_those_of_the_experiments_themselves(answer: LossExplanation) -> None:
    own = named_cell(any_study("xor44"), None).experiment
    (runs,) = train_all([own], range(24), engine="fast", workers=1)
    assert answer.rates[0].solved.k == int(runs.solved.sum())


def test_named_losses_take_the_place_of_the_usual_ones() -> None:
    own = named_cell(any_study("xor44"), None).experiment
    found, refused = variants_of(own, ["hinge", "bce", "cross_entropy"])
    assert [each.label for each in found] == [
        "tanh + l1",
        "tanh + hinge",
        "linear + hinge",
        "sigmoid + bce",
    ]
    assert [words.partition(":")[0] for words in refused] == [
        "tanh + bce can't be trained",
        "tanh + cross_entropy can't be trained",
        "linear + cross_entropy can't be trained",
    ]


def test_a_rule_of_solved_that_is_said_of_the_loss_gives_way() -> None:
    base = Experiment.from_dict({"network": "2-3-1", "solved": {"loss": 0.1}})
    found, _ = variants_of(base, ())
    assert isinstance(base.solved, LossBelow)
    assert {each.experiment.solved for each in found} != {base.solved}
    curve = Experiment.from_dict({"network": "1-3-1", "task": "curve", "solved": {"loss": 0.1}})
    assert {each.experiment.solved for each in variants_of(curve, ())[0]} == {Within()}


def with_solved(runs: Runs, share: float) -> Runs:
    from dataclasses import replace

    return replace(runs, solved=np.arange(len(runs.solved)) < share * len(runs.solved))


def test_the_sentence_says_no_more_than_the_intervals() -> None:
    variants = variants_of(Experiment.from_dict({"network": "2-2-1", "epochs": 1}), ("l1", "huber"))[0]
    (runs,) = train_all([variants[0].experiment], range(100), engine="fast", workers=1)
    half = with_solved(runs, 0.5)
    same = pair_rates(variants, [half] * len(variants))
    assert (
        population_sentence(same)
        == "On 100 seeds tanh + mse solved 50 %; no other pairing was seen to differ."
    )
    better = pair_rates(
        variants, [half, with_solved(runs, 0.9), *[with_solved(runs, 0.1)] * (len(variants) - 2)]
    )
    assert [each.reading for each in better][:3] == [None, "helps", "hurts"]
    assert "tanh + l1 more, 90 %" in population_sentence(better)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"source": 5}, ExplainError, "source: is a int; give an Experiment, a Study, the name of a file"),
        ({"seeds": 0}, ExplainError, "seeds = 0: must be a whole number from 1 to 1,000,000."),
        ({"loss": "mes"}, ExplainError, "loss = 'mes': must be 'l1', 'mse'"),
        ({"loss": 3}, ExplainError, "loss: must be a loss's name, as 'mse', or a list"),
        ({"cell": "Model 9:A"}, SpecError, "Model 9"),
        ({"source": "nothing.toml"}, SpecError, "nothing.toml"),
    ],
)
def test_wrong_use(arguments: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        explain.loss(**arguments)
    assert message in str(caught.value)


def test_classes_of_runs_that_keep_nothing() -> None:
    experiment = Experiment.from_dict(
        {
            "network": {"widths": "2-4-3", "output_activation": "softmax"},
            "task": {"name": "blobs", "points": 12},
            "loss": "cross_entropy",
            "epochs": 5,
            "record": {"parameters": False},
        }
    )
    found = explain.loss(experiment, seeds=8, workers=1, loss=["nll"])
    assert found.pairing.verdict == "wrong"
    assert [each.label for each in found.rates] == [
        "softmax + cross_entropy",
        "softmax + nll",
        "log_softmax + nll",
    ]
    assert found.points[0].gradient != ()


def quartic(p: Any, y: Any) -> Any:
    return (p - y) ** 4


def quartic_slope(p: Any, y: Any) -> Any:
    return 4 * (p - y) ** 3


def test_a_loss_of_ones_own_is_explained_too() -> None:
    own = custom_loss("quartic", quartic, quartic_slope)
    base = named_cell(any_study("xor44"), None).experiment
    parts = ["pairing", "shapes", "points", "population"]
    found = explain.loss(msgspec.structs.replace(base, loss=own), seeds=8, workers=1, parts=parts)
    assert (found.pairing.verdict, found.pairing.loss, found.pairing.torch_class) == (
        "works",
        "quartic",
        None,
    )
    assert found.pairing.gradient == "quartic′(p, y)·(1 − p²)"
    assert found.numbers["autograd_difference"] < 1e-12
    assert found.rates[0].label == "tanh + quartic"
    first = found.numbers["points"]["start"][0]
    assert first["loss"] == pytest.approx((first["output"][0] - first["target"][0]) ** 4)
    drawn = found.numbers["shapes"][0]
    assert drawn["loss"] == "quartic"
    assert drawn["value"] == pytest.approx([(np.tanh(z) - 1) ** 4 for z in drawn["x"]])
