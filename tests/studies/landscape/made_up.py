"""Made-up endings, and results of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainlab.execution import Provenance
from trainlab.spec import Experiment
from trainlab.studies import EndingsResult
from trainlab.studies.landscape import Ending, Kind

NUMBERS: dict[Kind, dict[str, Any]] = {
    "minimum": {},
    "saddle": {"down": 0.2},
    "plateau": {"by_layer": (1e-6, 3.0)},
    "kink": {"slope": 0.9, "across": 0.001},
    "still moving": {"slope": 0.9},
}


def made_ending(kind: Kind, seed: int = 0, **changes: Any) -> Ending:
    numbers: dict[str, Any] = {
        "seed": seed,
        "loss": 0.25,
        "gradient_norm": 0.01,
        "slope": 0.001,
        "across": None,
        "down": 0.0,
        "up": 3.0,
        "by_layer": (2.0, 3.0),
        "flat": 4,
        "settled": True,
        "distance": 0.01,
    }
    return Ending(**{**numbers, **NUMBERS[kind], **changes})


def made_result(
    counts: dict[Kind, tuple[int, int]], *, solved: int = 10, longer: int = 10, **changes: Any
) -> EndingsResult:
    """Of each kind so many runs, of which so many escape."""
    kinds: Sequence[Kind] = [kind for kind, (runs, _) in counts.items() for _ in range(runs)]
    escaped = [place < later for runs, later in counts.values() for place in range(runs)]
    made = Experiment.from_dict({"network": "2-2-1", "epochs": 100, **changes})
    return EndingsResult(
        cell="small:none",
        name="small",
        made=(),
        experiment=made,
        longer=longer,
        solved=solved,
        diverged=0,
        endings=tuple(made_ending(kind, seed) for seed, kind in enumerate(kinds)),
        escaped=tuple(escaped),
        how=Provenance(
            engine="fast",
            engine_reason="asked for",
            first_seed=0,
            seeds=len(kinds) + solved,
            workers=1,
            versions={},
            machine="",
            seconds=1.0,
            trained_steps=0,
            trained_seconds=0.0,
        ),
    )
