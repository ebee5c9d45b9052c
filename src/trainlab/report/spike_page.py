"""How a run unlearned, as one self-contained HTML page: the answer, the loss, the weight, its steps."""

from __future__ import annotations

import numpy as np

from trainlab.draw import Curve, Picture, curves, unbroken
from trainlab.draw.svg import Html
from trainlab.page.document import Front, fold, page, paragraph, picture, side_by_side, terms
from trainlab.page.html import joined
from trainlab.report.given import check_given
from trainlab.report.provenance_lines import time_words
from trainlab.report.spike_terminal import WORDS
from trainlab.studies.spikes.spike_anatomy import Integers, Numbers, Spike
from trainlab.studies.spikes.spike_result import SpikeResult
from trainlab.studies.spikes.spike_steps import AROUND, places_around, steps_around, steps_table
from trainlab.studies.spikes.spike_words import entry_of

METHOD = "replay"


def spike_html(result: SpikeResult) -> str:
    """Return how a run unlearned as one HTML file that needs no network, and reads whole without a script."""
    check_given(result, SpikeResult, made_by="trainlab.spike")
    title, spike = f"{result.name}: how a run unlearns", result.spike
    (_, answer), *others = result.told
    say = paragraph(unbroken(answer), kind="question")
    if spike is None:
        return page(title, Front(say=say), [])
    told = [(WORDS[topic], unbroken(words)) for topic, words in others if topic != METHOD]
    how = [(WORDS[topic], words) for topic, words in others if topic == METHOD]
    how += [("Engine", result.how.engine), ("Time", time_words(result.how))]
    return page(
        title,
        Front(say=say, show=picture(_loss(spike)), more=terms(told)),
        [
            ("weight", f"{entry_of(spike)}: {entry_of(spike).words}", _weight(spike)),
            ("steps", "The steps around it", _around(spike)),
            ("changes", "What the cell changes", terms(list(result.made))),
            ("method", "How it is known", terms(how)),
        ],
    )


def _weight(spike: Spike) -> Html:
    drawn = [_scale(spike)] if spike.scale is not None else []
    return side_by_side([picture(each) for each in [*drawn, _steps(spike)]])


def _around(spike: Spike) -> Html:
    steps = np.array(places_around(spike, *AROUND))
    drawn = curves(
        [
            Curve(label="loss", x=steps.tolist(), median=spike.loss[steps]),
            _mark(spike.step, spike.loss[steps]),
        ],
        x_label="Step",
        y_label="Loss of all examples",
        title="The loss after each step around the spike",
        log_y=True,
        middle="value",
    )
    table = steps_table(spike).html(steps_around(spike, *AROUND))
    note = paragraph("The arrow is at the step that unlearned it.", kind="muted")
    return joined(picture(drawn), fold(f"{len(steps):,} steps as a table", joined(table, note), printed=True))


def _loss(spike: Spike) -> Picture:
    """Draw the loss at the end of every epoch; single steps would be too many to read."""
    places, x = _epoch_ends(spike)
    return curves(
        [
            Curve(label="loss", x=x, median=spike.loss[places]),
            _mark(_place(spike), spike.loss[places]),
        ],
        x_label=_x_label(spike),
        y_label="Loss of all examples",
        title="The loss, and where the run lost it",
        log_y=True,
        middle="value",
    )


def _scale(spike: Spike) -> Picture:
    places, x = _epoch_ends(spike)
    root = spike.scale[places[1:] - 1] if spike.scale is not None else np.empty(0)
    eps = [Curve(label="eps", x=x[1:], median=np.full(len(root), spike.eps))] if spike.eps else []
    return curves(
        [Curve(label="√v", x=x[1:], median=root), *eps, _mark(_place(spike), root)],
        x_label=_x_label(spike),
        y_label="√v and eps",
        title=f"What the steps of {entry_of(spike)} are divided by",
        log_y=True,
        middle="value",
    )


def _steps(spike: Spike) -> Picture:
    """Draw the longest step of each epoch beside the learning rate."""
    places, x = _epoch_ends(spike)
    sizes = np.maximum.reduceat(np.abs(spike.change), places[:-1])
    rate = spike.rate[places[1:] - 1]
    each = "longest step of an epoch" if spike.experiment.steps_per_epoch > 1 else "step"
    return curves(
        [
            Curve(label="|step|", x=x[1:], median=sizes),
            Curve(label="lr", x=x[1:], median=rate),
            _mark(_place(spike), sizes),
        ],
        x_label=_x_label(spike),
        y_label="|step| and lr",
        title=f"How far {entry_of(spike)} moved: the {each}",
        log_y=True,
        middle="value",
    )


def _epoch_ends(spike: Spike) -> tuple[Integers, Numbers]:
    """Return how many steps had been taken by the end of each epoch, from epoch 0, and the epochs."""
    each = spike.experiment.steps_per_epoch
    epochs = np.arange(len(spike.change) // each + 1)
    return epochs * each, epochs.astype(np.float64)


def _place(spike: Spike) -> float:
    """Return the epoch of the spike, with its fraction."""
    return spike.step / spike.experiment.steps_per_epoch


def _x_label(spike: Spike) -> str:
    return "Epoch" if spike.experiment.steps_per_epoch > 1 else "Step"


def _mark(place: float, heights: Numbers) -> Curve:
    """Return an upright line where the spike is, as high as the curve."""
    above = heights[np.isfinite(heights) & (heights > 0)]
    ends = [float(above.min()), float(above.max())] if len(above) else [np.nan, np.nan]
    return Curve(label="the spike", x=[place, place], median=ends)
