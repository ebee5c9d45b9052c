"""What a reader should know of a study beforehand: losses that don't fit the last layer, ids among inputs."""

from __future__ import annotations

from collections.abc import Sequence

from trainlab.draw import counted
from trainlab.spec import Custom, Experiment, data_notes, name_of
from trainlab.studies.cells import CellResult


def notes_of(cells: Sequence[CellResult]) -> tuple[str, ...]:
    """Return a sentence for each pairing that the rules of `explain.loss` call wrong, and for each id."""
    found: dict[str, int] = {}
    for item in cells:
        experiment = item.runs.experiment
        for note in filter(None, (_pairing(experiment), *data_notes(experiment))):
            found[note] = found.get(note, 0) + 1
    if len(cells) == 1:
        return tuple(found)
    return tuple(f"In {n:,} of {counted(len(cells), 'cell')}: {note}" for note, n in found.items())


def _pairing(experiment: Experiment) -> str:
    # That room has the same floor as this one and asks for it as it is loaded.
    from trainlab.explain.questions.loss.rules import judge

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
