"""What the question how a run unlearned returns; it prints and shows itself."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from trainlab.draw import JSON_FORMAT, json_text
from trainlab.execution import Provenance
from trainlab.page.notebook import notebook, text_list
from trainlab.spec import Experiment
from trainlab.stats import Verdict
from trainlab.studies.spikes import spike_words as words
from trainlab.studies.spikes.spike_anatomy import Spike
from trainlab.studies.spikes.spike_steps import AROUND, steps_around, steps_table, value_at

BRIEF = (4, 2)
"""Steps before and after the spike in a notebook's table."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SpikeResult:
    """How a run unlearned. `print(result)` says it, `to_dict()` and `to_json()` have everything.

    `unlearnt` are the seeds solved at some time and not at the end, of all that were asked; `seed` is the one
    that was asked for, None if none was. `spike` is what happened, None if no run lost what it had solved.
    `lost` says how many lost it at some time, and how many do with amsgrad; None but for Adam and AdamW.
    """

    cell: str
    name: str
    made: tuple[tuple[str, str], ...]
    experiment: Experiment
    seed: int | None
    unlearnt: tuple[int, ...]
    spike: Spike | None
    lost: words.Lost | None
    how: Provenance

    @property
    def verdicts(self) -> tuple[Verdict, ...]:
        """The findings; the first is the answer."""
        return tuple(Verdict(topic=topic, sentence=sentence) for topic, sentence in self.told)

    @property
    def told(self) -> tuple[tuple[str, str], ...]:
        """The findings as sentences, each with a word for its topic; the first is the answer."""
        spike, seeds = self.spike, self.how.seeds
        if spike is None:
            return (("unlearnt", words.nothing(seeds, self.seed, ever=bool(self.unlearnt))),)
        told = (
            ("unlearnt", words.happened(spike)),
            ("which", words.which(len(self.unlearnt), seeds, self.seed)),
            ("loss", words.rise(spike)),
            ("seen", words.seen(spike)),
            ("moved", words.moved(spike)),
            ("state", words.state(spike)),
            ("why", words.why(spike)),
            ("amsgrad", self.lost and words.without_falling(self.lost)),
            ("replay", words.replayed(spike, self.how.engine)),
        )
        return tuple((topic, sentence) for topic, sentence in told if sentence)

    def to_dict(self) -> dict[str, Any]:
        """Return the result as plain data; the format is documented in docs/json.md."""
        return {
            "format": JSON_FORMAT,
            "kind": "spike",
            "cell": self.cell,
            "experiment": self.experiment.to_dict(),
            "verdicts": [verdict.to_dict() for verdict in self.verdicts],
            "unlearnt": list(self.unlearnt),
            "spike": self.spike and _plain(self.spike),
            "lost": self.lost and asdict(self.lost),
            "how": self.how.to_dict(),
        }

    def to_json(self) -> str:
        """Return `to_dict` as text; a number that isn't finite is null."""
        return json_text(self.to_dict())

    def __repr__(self) -> str:
        found = "none" if self.spike is None else f"seed {self.spike.seed:,}, step {self.spike.step:,}"
        return f"<SpikeResult {self.name!r}: {found}>"

    def __str__(self) -> str:
        return "\n".join([f"{self.name}: how a run unlearns", *(sentence for _, sentence in self.told)])

    def _repr_html_(self) -> str:
        told = text_list(sentence for _, sentence in self.told)
        if self.spike is None:
            return notebook(self.name, told)
        return notebook(self.name, told, steps_table(self.spike).html(steps_around(self.spike, *BRIEF)))


def _plain(spike: Spike) -> dict[str, Any]:
    entry = words.entry_of(spike)
    at = spike.step - 1
    return {
        "seed": spike.seed,
        "steps": len(spike.change),
        "first_solved_step": spike.first,
        "step": spike.step,
        "epoch": spike.epoch,
        "solved_for": spike.solved_for,
        "again": spike.again,
        "examples": None if spike.example is None else [int(each) for each in spike.example],
        "loss": {
            "lowest": spike.low,
            "begun_step": spike.begun,
            "before": float(spike.loss[at]),
            "after": float(spike.loss[at + 1]),
            "peak": spike.peak,
            "peak_step": spike.peak_step,
            "end": float(spike.loss[-1]),
        },
        "parameter": {
            "name": str(entry),
            "words": entry.words,
            "before": spike.before,
            "after": spike.after,
            "gradient": float(spike.gradient[at]),
            "momentum": value_at(spike.momentum, at),
            "scale": value_at(spike.scale, at),
            "eps": spike.eps,
            "lr": float(spike.rate[at]),
            "first_scale": value_at(spike.scale, spike.first - 1),
        },
        "moved": spike.moved,
        "apart": spike.apart,
        "around": [steps_table(spike).to_dict(step) for step in steps_around(spike, *AROUND)],
    }
