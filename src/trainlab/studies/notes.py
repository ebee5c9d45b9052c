"""What a reader should know of a study beforehand: last layers and losses that don't fit each other."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import counted
from trainlab.spec import Custom, Experiment, name_of
from trainlab.studies.cells import CellResult


def notes_of(cells: Sequence[CellResult]) -> tuple[str, ...]:
    """Return a sentence for each pairing that the rules of `trainlab.explain.loss` call wrong."""
    found: dict[str, int] = {}
    for item in cells:
        note = _pairing(item.runs.experiment)
        if note:
            found[note] = found.get(note, 0) + 1
    if len(cells) == 1:
        return tuple(found)
    return tuple(f"In {n:,} of {counted(len(cells), 'cell')}: {note}" for note, n in found.items())


def _pairing(experiment: Experiment) -> str:
    # That room has the same floor as this one and asks for it as it is loaded.
    from trainlab.explain.losses.rules import judge

    if isinstance(experiment.loss, Custom):
        return ""
    data, output, loss = experiment.data(), experiment.network.activations[-1], name_of(experiment.loss)
    judged = judge(data.kind, output, loss, (float(data.targets.min()), float(data.targets.max())))
    if judged.verdict != "wrong":
        return ""
    return (
        f"the last layer's activation {output!r} doesn't fit the loss {loss!r}: {judged.reason} Fitting: "
        f"{judged.remedy} (network.output_activation, loss)."
    )
