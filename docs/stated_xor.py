"""What the assignment's main notebook states and does: 44 parameters, five changes, gradients."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from docs import rules
from docs.figures import Studies, loss_by_point, of, share_of, to_digits
from docs.rules import Answer, Outcome
from docs.stated import Found, Statement
from docs.words import percent
from trainlab.budgets import bias_flags, layer_table
from trainlab.draw import join
from trainlab.engine.constant_baseline import best_constant_loss
from trainlab.spec import Experiment, name_of
from trainlab.stats import HALF, Rate, ReadEstimate, Verdict, more_than, paired_difference, rate
from trainlab.studies.better import judge_better
from trainlab.studies.causes import failed
from trainlab.studies.cells import all_near
from trainlab.studies.effects import Effect
from trainlab.studies.solved_when import solved_ever

PAGE = "assignment"
NOTEBOOK, CONCLUSION = "notebook 1", "notebook 1, conclusion"
STUDY, SEEDS = "`trainlab study xor44`", "1,000 each"
DEEP, SHALLOW = "Model 3", ("Model 1", "Model 2")
CHANGED = {
    "A": "Change A: SGD (lr 0.02, momentum 0.9) gives way to Adam (lr 0.02).",
    "B": "Change B: L1 gives way to MSE.",
    "C": "Change C: tanh gives way to sigmoid, wherever an activation stands.",
    "D": "Change D: 2,001 epochs instead of 300.",
    "E": "Change E: the last layer's activation is removed.",
}


def made(name: str, before: Experiment, after: Experiment) -> dict[str, bool]:
    """Return what a change ought to be, and whether it is so in the study."""
    own, new = before.optimizer, after.optimizer
    return {
        "A": {
            "SGD, lr 0.02, momentum 0.9": (name_of(own), own.lr, getattr(own, "momentum", 0))
            == ("sgd", 0.02, 0.9),
            "Adam, lr 0.02": (name_of(new), new.lr) == ("adam", 0.02),
        },
        "B": {"L1": name_of(before.loss) == "l1", "MSE": name_of(after.loss) == "mse"},
        "C": {
            "tanh": set(before.network.activations) == {"tanh"},
            "sigmoid": set(after.network.activations) == {"sigmoid"},
        },
        "D": {"300": before.epochs == 300, "2,001": after.epochs == 2001},
        "E": {
            "an activation": before.network.activations[-1] == "tanh",
            "none": after.network.activations[-1] == "linear",
        },
    }[name]


def _change(name: str) -> Statement:
    def read(found: Found) -> Mapping[str, Any]:
        study = found.studies.xor44
        judged = [each for each in of(study, "change") if each.statement.startswith(f"Change {name} ")]
        verdicts = dict(zip(study.study.network_names, judged, strict=True))
        hurts = hurting([each for each in study.effects if each.change == name])
        more = ""
        if name == "D":
            where, more = _after_others(found.studies)
            hurts += [where] if where else []
        return {
            "facts": made(
                name, study.study.experiment("Model 1"), study.study.experiment("Model 1", (name,))
            ),
            "number": _helps(verdicts) + (f"; hurts {join(hurts)}" if hurts else ""),
            "told": " ".join(each.sentence for each in verdicts.values()) + more,
            "sides": rules.sides_of(verdicts),
        }

    return Statement(
        number=str("ABCDE".index(name) + 2),
        said=CHANGED[name],
        place=NOTEBOOK,
        asked=f"{STUDY}: made, and its effect over all combinations of the others",
        rule=rules.done,
        read=read,
        page=PAGE,
        seeds=SEEDS,
    )


def _helps(verdicts: Mapping[str, Verdict]) -> str:
    """Return which networks it helps, by the study's verdicts."""
    words = {"upheld": "helps", "refuted": "doesn't help", "mixed": "open for"}
    names: dict[str, list[str]] = {}
    for network, each in verdicts.items():
        names.setdefault(words[each.outcome], []).append(network)
    return "; ".join(f"{word} {join(each)}" for word, each in names.items())


def hurting(effects: Sequence[Effect]) -> list[str]:
    """Return where a change hurts that doesn't on average: which networks, alone or after all the others."""
    found: list[str] = []
    for where in ("alone", "last"):
        names = [e.network for e in effects if _hurts(getattr(e, where)) and not _hurts(e.main)]
        if names:
            made = "alone" if where == "alone" else "after all the others"
            found.append(f"{join(names)} when made {made}")
    return found


def _hurts(effect: ReadEstimate | None) -> bool:
    return effect is not None and effect.reading == "hurts"


def _after_others(studies: Studies) -> tuple[str, str]:
    """Return what D does to Model 3 after A, B and E: in a few words if it hurts, and in a sentence."""
    short, long = (studies.cell(DEEP, *each).runs for each in (("A", "B", "E"), ("A", "B", "D", "E")))
    end, ever = (
        paired_difference(a, b)
        for a, b in ((short.solved, long.solved), (solved_ever(short), solved_ever(long)))
    )
    lost = end.high < 0 <= ever.high
    return f"{DEEP} when made after A, B and E" if lost else "", (
        f" Made after A, B and E, D changes {DEEP}'s share solved by {end} at the end and by {ever} at some "
        f"time{': what is learnt is lost again' if lost else ''}."
    )


def _counts(found: Found) -> Mapping[str, Any]:
    nine = layer_table(
        widths=(*(2,) * 9, 1), biases=bias_flags(layers=9, hidden_bias="yes", output_bias="no")
    )
    own = found.studies.xor44.study.experiment(DEEP).network
    return {
        "found": {
            "as written": nine.parameters,
            "skipped": nine.rows[1].parameters,
            "trained": own.parameters,
            "layers trained": len(own.biases),
        },
        "wanted": {"as written": 50, "skipped": 6, "trained": 44, "layers trained": 8},
        "told": "Nine linear layers are written, and `forward` skips the second; no gradient reaches it, "
        "so that "
        "training is that of eight layers.",
    }


def _vanishing(place: int) -> Any:
    """Return what reads the study's verdict, which asks by all the gradients that it has."""

    def read(found: Found) -> Mapping[str, Any]:
        return {"found": of(found.studies.xor44, "vanishing")[place]}

    return read


def inner_layers(*, shares: Mapping[str, Rate]) -> Answer:
    """The gradient of the inner layers is zero: of most failed runs, layer by layer."""
    outcomes = {name: more_than(HALF, each) for name, each in shares.items()}
    number = ", ".join(f"{100 * each.estimate:.0f} %" for each in shares.values())
    told = "Failed runs whose gradient is below 1e-4 while the loss is high, by inner layer."
    return rules.parts(outcomes=outcomes, number=number, told=told)


def _inner(found: Found) -> Mapping[str, Any]:
    by_layer = found.studies.cell(DEEP, *found.studies.together).causes.vanishing_by_layer
    return {
        "shares": {
            f"layer {place}": each for place, each in enumerate(by_layer, 1) if 1 < place < len(by_layer)
        }
    }


def _high(found: Found) -> Mapping[str, Any]:
    item = found.studies.cell(DEEP, *found.studies.together)
    causes, runs = item.causes, item.runs
    loss = runs.loss[failed(runs)].astype(np.float64)
    best = best_constant_loss(runs.experiment.loss, runs.experiment.data().targets)
    return {
        "share": rate(causes.high_loss, causes.failed),
        "others": {f"high from {share:g} on": share_of(loss >= share * best) for share in (0.2, 0.6)},
        "of": "failed runs",
        "more": " High is from 0.4 of the loss of the best constant answer on.",
    }


def _bad(found: Found) -> Mapping[str, Any]:
    item = found.studies.cell(DEEP, *found.studies.together)
    right = item.right
    assert right is not None
    return {
        "share": rate(right.n - right.k, right.n),
        "others": {
            f"not within {within:g}": share_of(~all_near(item.runs, within)) for within in (0.05, 0.1, 0.25)
        },
        "more": " Bad: some answer is nearer to the other target.",
    }


def _better(found: Found) -> Mapping[str, Any]:
    studies = found.studies
    deep = studies.cell(DEEP, *studies.together).runs
    judged = {
        name: judge_better((name, DEEP), "with A–E", studies.cell(name, *studies.together).runs, deep)
        for name in SHALLOW
    }
    errors = "; ".join(f"{name} {percent(each.share)}" for name, each in judged.items() if each.share)
    return {"found": judged, "number": f"smaller error: {errors}"}


def same_answer(*, three: Rate, value: Mapping[str, Rate]) -> Answer:
    """Most failed runs answer three points alike, and with that number."""
    number = "; ".join(
        [f"three alike {percent(three)}", *(f"{name} {percent(each)}" for name, each in value.items())]
    )
    outcomes: dict[str, Outcome] = {"three points alike": more_than(HALF, three)}
    outcomes |= {name: more_than(HALF, each) for name, each in value.items()}
    return rules.parts(outcomes=outcomes, number=number)


def _same(found: Found) -> Mapping[str, Any]:
    alike = found.studies.alike()
    return {
        "three": alike.three,
        "value": {"between 0.60 and 0.75": alike.near, "0.694 when rounded": alike.exact},
    }


def _readings(found: Found) -> Mapping[str, Any]:
    item = found.studies.cell(DEEP, *found.studies.together)
    record, gone = item.runs.experiment.record, failed(item.runs)
    by_point = loss_by_point(item.runs)[gone]
    small = (by_point < by_point.mean(axis=1, keepdims=True) / 100).any(axis=1)
    share = rate(int(small.sum()), len(small))
    return {
        "facts": {"every 50 epochs": record.loss_every == 50},
        "number": f"one point misleads: {percent(share)}",
        "told": f"The study reads the loss of all four points. The notebook's line is the loss of one, the "
        "last that "
        f"was drawn: in {share} of {DEEP}'s failed runs with A–E some point's loss is below a hundredth of "
        "the data's, "
        "so that a line may look solved where the run isn't. So it wandered between 10⁻⁶ and 0.65.",
    }


def _gradients(found: Found) -> Mapping[str, Any]:
    item = found.studies.cell(DEEP)
    layers = item.runs.gradient_curve.shape[2]
    return {
        "facts": {
            "every 100 epochs": item.runs.experiment.record.gradient_every == 100,
            "each layer": layers == 8,
        },
        "number": f"{layers} layers",
        "told": "Mean |gradient| of each layer's weights, biases left out, as the notebook has it. The "
        "notebook took "
        "one point's; under L1 two zeros and two ones may cancel over all the data where one point alone "
        "doesn't.",
    }


def _labels(found: Found) -> Mapping[str, Any]:
    layers = len(found.studies.xor44.study.experiment(DEEP).network.biases)
    return {
        "facts": {"a curve for each layer with a gradient": layers == 8},
        "number": f"{layers} curves, labels for 9",
        "told": "A slip that is easily made: the notebook left the layer without a gradient out of the "
        "values and not "
        "out of the labels, so what is called `lin8` is `lin9`, and from the second curve on each name is "
        "one too "
        "low. Today's matplotlib refuses it. trainlab numbers the layers that are trained.",
    }


def _answers(found: Found) -> Mapping[str, Any]:
    asked = zip(SHALLOW, of(found.studies.xor44, "predictions"), strict=False)
    return {"found": dict(asked)}


def _digits(found: Found) -> Mapping[str, Any]:
    cells = {name: found.studies.cell(name, *found.studies.together).runs for name in SHALLOW}
    shares = {name: to_digits(runs, 4) for name, runs in cells.items()}
    return {"shares": shares, "nine_in_ten": True}


def _together(found: Found) -> Mapping[str, Any]:
    return {
        "found": dict(
            zip(found.studies.xor44.study.network_names, of(found.studies.xor44, "together"), strict=True)
        )
    }


def _all_cells(found: Found) -> Mapping[str, Any]:
    study = found.studies.xor44
    made_of = {item.cell.changes for item in study.cells}
    return {
        "facts": {
            "each change alone": all((name,) in made_of for name in study.study.change_names),
            "all combinations": len(made_of) == 2 ** len(study.study.change_names),
        },
        "number": f"{len(study.cells)} cells",
    }


def _parameters(found: Found) -> Mapping[str, Any]:
    study = found.studies.xor44.study
    counts = [study.experiment(name).network.parameters for name in study.network_names]
    return {"found": of(found.studies.xor44, "parameters")[0], "number": join([str(each) for each in counts])}


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        number="1",
        said="Three architectures meet the budget of 44 parameters.",
        place=f"{CONCLUSION} 1",
        asked=f"{STUDY}; `trainlab budget 44`",
        rule=rules.verdict,
        read=_parameters,
        page=PAGE,
    ),
    *map(_change, CHANGED),
    Statement(
        number="7",
        said="The changes are made one by one, and together.",
        place=NOTEBOOK,
        asked=f"{STUDY}: 3 networks × 2⁵ combinations",
        rule=rules.done,
        read=_all_cells,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="7b",
        said="The five changes together made the networks learn (implied).",
        place=f"{CONCLUSION} 2",
        asked=f"{STUDY}: most runs solved, and more than before",
        rule=rules.verdicts,
        read=_together,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="8",
        said="Model 3 is written as nine layers, one of them skipped: 50 parameters, of which 44 are "
        "trained.",
        place=NOTEBOOK,
        asked="`trainlab budget`: its table of layers",
        rule=rules.alike,
        read=_counts,
        page=PAGE,
    ),
    Statement(
        number="9",
        said="Model 3's gradient vanishes, at the baseline.",
        place=f"{CONCLUSION} 3",
        asked=f"{STUDY}: whether most of its failures are vanishing gradients",
        rule=rules.verdict,
        read=_vanishing(0),
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="10",
        said="Model 3's gradient vanishes, with A–E.",
        place=f"{CONCLUSION} 3",
        asked=f"{STUDY}: whether most of its failures are vanishing gradients",
        rule=rules.verdict,
        read=_vanishing(1),
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="11",
        said="The gradients of its inner layers are zero.",
        place=f"{CONCLUSION} 3",
        asked=f"{STUDY}: gradients by layer, with A–E",
        rule=inner_layers,
        read=_inner,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="12",
        said="Its loss is high.",
        place=f"{CONCLUSION} 3",
        asked=f"{STUDY}: loss of its failed runs, with A–E",
        rule=rules.most,
        read=_high,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="13",
        said="Its predictions are bad.",
        place=f"{CONCLUSION} 3",
        asked=f"{STUDY}: rounded predictions, with A–E",
        rule=rules.most,
        read=_bad,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="14",
        said="Models 1 and 2 predict better than Model 3.",
        place=f"{CONCLUSION} 4",
        asked=f"{STUDY}, with A–E, seed by seed: share solved, mean |error|, root mean square error",
        rule=rules.verdicts,
        read=_better,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="15",
        said="Model 3 answers three of the four points alike, with 0.6944.",
        place=NOTEBOOK,
        asked=f"{STUDY}: answers of its failed runs, with A–E",
        rule=same_answer,
        read=_same,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="16",
        said="The loss is printed every 50 epochs.",
        place=NOTEBOOK,
        asked=f"{STUDY}: `record.loss_every`",
        rule=rules.done,
        read=_readings,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="17",
        said="Each layer's mean |gradient| is taken every 100 epochs.",
        place=NOTEBOOK,
        asked=f"{STUDY}: `record.gradient_every`",
        rule=rules.done,
        read=_gradients,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="18",
        said="The gradients are plotted, a curve a layer.",
        place=NOTEBOOK,
        asked=f"{STUDY}: the report's curves",
        rule=rules.done,
        read=_labels,
        page=PAGE,
    ),
    Statement(
        number="19",
        said="With all changes Models 1 and 2 predict 0, 1, 1, 0.",
        place=NOTEBOOK,
        asked=f"{STUDY}: right after rounding on nine seeds in ten",
        rule=rules.verdicts,
        read=_answers,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="19b",
        said="They do so to four digits.",
        place=NOTEBOOK,
        asked=f"{STUDY}: every prediction within 0.00005, on nine seeds in ten",
        rule=rules.gives,
        read=_digits,
        page=PAGE,
        seeds=SEEDS,
    ),
)
