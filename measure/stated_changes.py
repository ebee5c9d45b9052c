"""What the assignment's main notebook states about its networks and the five changes to their training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from measure import statements
from measure.statements import Found, Statement
from measure.xor_studies import Studies, of
from trainlab.budgets import bias_flags, layer_table
from trainlab.draw import join
from trainlab.spec import Experiment, name_of
from trainlab.stats import ReadEstimate, Verdict, paired_difference
from trainlab.studies.cells import solved_ever
from trainlab.studies.effects import Effect

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
    """Return what a change should be, and whether it is so in the study."""
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
            "sides": statements.sides_of(verdicts),
        }

    return Statement(
        number=str("ABCDE".index(name) + 2),
        said=CHANGED[name],
        place=NOTEBOOK,
        asked=f"{STUDY}: made, and its effect over all combinations of the others",
        rule=statements.done,
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
    """Return where a change hurts that doesn't on average: which networks, and alone or after all others."""
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
        "so eight layers are trained.",
    }


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
        rule=statements.verdict,
        read=_parameters,
        page=PAGE,
    ),
    *map(_change, CHANGED),
    Statement(
        number="7",
        said="The changes are made one by one, and together.",
        place=NOTEBOOK,
        asked=f"{STUDY}: 3 networks × 2⁵ combinations",
        rule=statements.done,
        read=_all_cells,
        page=PAGE,
        seeds=SEEDS,
    ),
    Statement(
        number="7b",
        said="The five changes together made the networks learn (implied).",
        place=f"{CONCLUSION} 2",
        asked=f"{STUDY}: most runs solved, and more than before",
        rule=statements.verdicts,
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
        rule=statements.alike,
        read=_counts,
        page=PAGE,
    ),
)
