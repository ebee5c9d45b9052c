"""The sections on pairings of output and loss: the verdict on one, and the table of them all."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import Cell
from trainlab.explain.questions.loss.loss_signatures import LOSS_SIGNATURES
from trainlab.explain.questions.loss.pairing import MARKS, TASK_WORDS, Pairing, pairing
from trainlab.maths import ACTIVATIONS
from trainlab.page.section import Section, Table, paragraphs


def pairing_section(found: Pairing, what: str, notes: Sequence[str] = ()) -> Section:
    """Say whether the pairing is right, why, what gradient arrives, and what the loss's class takes."""
    return Section(
        name="pairing",
        heading="Do output and loss fit the task?",
        text=paragraphs(
            f"{what}: {found}",
            "A loss says how far outputs are from targets; its slope, through the output's activation, is "
            "what the network learns from. Below, p is the output, z the sum before it, y the target; what "
            "arrives is for one term, before the mean.",
            notes,
        ),
        tables=(pairing_table(found),),
    )


def pairing_table(found: Pairing) -> Table:
    """Return task, output, loss, what the loss takes, what arrives, and the verdict."""
    name = "none in torch.nn" if found.torch_class is None else f"nn.{found.torch_class}"
    targets = f"; targets: {LOSS_SIGNATURES[found.loss].targets}" if found.loss in LOSS_SIGNATURES else ""
    rows: list[list[Cell]] = [
        ["task", TASK_WORDS[found.task]],
        ["output", f"{found.output}: {ACTIVATIONS[found.output].reach}"],
        ["loss", f"{found.loss} ({name})"],
        ["takes", f"{found.takes}{targets}"],
        ["arrives at the last sum z", found.gradient],
        ["pairing", found.verdict],
    ]
    return Table(title="The pairing", headers=["", "Here"], rows=rows)


SHOWN = ("linear", "tanh", "sigmoid", "relu", "softmax", "log_softmax")
"""The outputs that stand in the table of a page; JSON has all."""


def table_section(found: Pairing, targets: tuple[float, float] | None) -> Section:
    """Show the table for the kind of task, and what each loss is to be fed."""
    outputs = [*SHOWN, *([found.output] if found.output not in SHOWN else [])]
    matrix: list[list[Cell]] = [
        [loss, *(_mark(found, output, loss, targets) for output in outputs)] for loss in LOSS_SIGNATURES
    ]
    fed: list[list[Cell]] = [
        [each.name, f"nn.{each.torch_class}" if each.torch_class else "–", each.outputs, each.targets]
        for each in LOSS_SIGNATURES.values()
    ]
    return Section(
        name="table",
        heading="Which loss goes with which output",
        text=(
            f"For {TASK_WORDS[found.task]}; yours, if it is there, in brackets. The JSON has the tables of "
            "every kind of task, with all output activations, the reason and the gradient of each pairing.",
            *_taught(found.task),
        ),
        tables=(
            Table(title="Losses by output activation", headers=["Loss", *outputs], rows=matrix),
            Table(title="What each takes", headers=["Loss", "torch", "Outputs", "Targets"], rows=fed),
        ),
    )


def _taught(kind: str) -> tuple[str, ...]:
    """Say why the pairs of the assignment's table that are wrong are."""
    pairs = {
        "binary": [("sigmoid", "cross_entropy")],
        "classes": [("softmax", "cross_entropy"), ("softmax", "nll")],
    }
    return tuple(
        f"The assignment's table has {loss} after {output}, too, which is wrong: "
        f"{pairing(kind, output, loss).reason}"
        for output, loss in pairs.get(kind, [])
    )


def _mark(own: Pairing, output: str, loss: str, targets: tuple[float, float] | None) -> str:
    mark = MARKS[pairing(own.task, output, loss, targets=targets).verdict]
    return f"[{mark}]" if (output, loss) == (own.output, own.loss) else mark
