"""The section on the verdict on a pairing."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import Cell
from trainlab.explain.questions.loss.loss_signatures import LOSS_SIGNATURES
from trainlab.explain.questions.loss.pairing import TASK_WORDS, Pairing
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
