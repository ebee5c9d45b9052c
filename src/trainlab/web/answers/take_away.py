"""The experiment as a file to take away: a script for PyTorch, a study file, JSON, or the HTML report.

Kind ``take-away``, one frame:

| field | what it is |
|---|---|
| `name`, `type` | the file's name, and what it is (MIME) |
| `text` | what is in it |
| `sentence` | what to do with it |

JSON and report are those of `trainlab run` on as many seeds, which it counts from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from trainlab.errors import SpecError
from trainlab.spec import Experiment, Study, name_of, study_to_toml
from trainlab.web.experiment_forms import experiment_of
from trainlab.web.frames import Frame
from trainlab.web.questions import Limits, TakeAway


def answer_take_away(question: TakeAway, limits: Limits) -> Iterator[Frame]:
    """Yield the file."""
    experiment = experiment_of(question.experiment, limits, seeds=question.seeds)
    ending, kind, make, words = FORMS[question.form]
    name = f"{name_of(experiment.task)}_{experiment.network.label}"
    if len(name) > LONGEST:
        name = f"{name_of(experiment.task)}_{experiment.network.layers}_layers"
    name = f"{name}{ending}"
    yield Frame(
        kind="take-away",
        fields={
            "name": name,
            "type": kind,
            "text": make(experiment, question, name),
            "sentence": words.format(name=name, seeds=question.seeds),
        },
    )


LONGEST = 60
"""Longer names of files say how many layers there are instead of their widths."""


def _pytorch(experiment: Experiment, question: TakeAway, name: str) -> str:
    from trainlab.report import cell_code

    return cell_code(experiment, question.first_seed)


def _toml(experiment: Experiment, question: TakeAway, name: str) -> str:
    first = question.first_seed
    note = f"  # It counts seeds from 0; the page began at {first:,}." if first else ""
    study = Study(
        baseline=experiment,
        seeds=question.seeds,
        title=f"{experiment.network.label} on {name_of(experiment.task)}",
    )
    return f"# trainlab run {name} --seeds {question.seeds}{note}\n{study_to_toml(study)}"


def _json(experiment: Experiment, question: TakeAway, name: str) -> str:
    from trainlab.studies import run

    return run(experiment, seeds=_from_zero(question), workers=1).to_json()


def _html(experiment: Experiment, question: TakeAway, name: str) -> str:
    from trainlab.report import study_html
    from trainlab.studies import run

    return study_html(run(experiment, seeds=_from_zero(question), workers=1))


FORMS: Final[dict[str, tuple[str, str, Callable[[Experiment, TakeAway, str], str], str]]] = {
    "pytorch": (".py", "text/x-python", _pytorch, "It needs torch, and nothing of trainlab: python {name}"),
    "toml": (".toml", "application/toml", _toml, "Train it: trainlab run {name} --seeds {seeds}"),
    "json": (".json", "application/json", _json, "The numbers of {seeds:,} seeds, curves and all."),
    "html": (".html", "text/html", _html, "The report on {seeds:,} seeds, one page that needs no network."),
}
"""The ending of the file's name, its type, what makes it, and what to do with it."""


def _from_zero(question: TakeAway) -> int:
    """Return how many seeds a study has that shows what the page does."""
    if question.first_seed:
        raise SpecError(
            f"first_seed = {question.first_seed:,}: a study counts its seeds from 0; set it to 0 to take the "
            "same numbers away."
        )
    return question.seeds
