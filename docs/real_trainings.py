"""What the doctor said at first sight of trainings that others wrote, from docs/real_trainings.json."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from docs.blocks import ROOT
from docs.words import table
from trainlab.draw import counted
from trainlab.stats import Rate, rate

KEPT = "docs/real_trainings.json"
JUDGED = {
    "false": "accused, and sound",
    "arguable": "arguable",
    "unseen": "not seen",
    "outcome": "outcome wrong",
    "true": "true",
}
"""How what was said was judged, by somebody who read the script; `right` is all else: nothing was accused."""


def kept() -> dict[str, Any]:
    """Return the trainings, and what was said of each."""
    return json.loads((ROOT / KEPT).read_text(encoding="utf-8"))


def first_sight() -> str:
    """How many sound ones were accused, and what became of it."""
    trainings = kept()["trainings"]
    counts = Counter(one["judged"] for one in trainings)
    faulty = counts["true"]
    sound = len(trainings) - faulty
    accused = rate(counts["false"], sound)
    argued = rate(counts["false"] + counts["arguable"], sound)
    left = sum(one["judged"] == "false" and one["now"] != "mended" for one in trainings)
    return (
        f"{counted(len(trainings), 'training')}, {kept()['date']}: in {faulty} what was found is there. Of "
        f"the other {sound} the doctor accused {_words(accused)} without reason, and {_words(argued)} with "
        f"those that can be argued about; of {counts['unseen']} it said that no training was seen, and of "
        f"{counts['outcome']} the outcome was wrong. The rest, {counts['right']}, were accused of nothing. "
        f"{_left(left)}"
    )


def told() -> str:
    """A row for each of which something was said."""
    order = list(JUDGED)
    trainings = [one for one in kept()["trainings"] if one["judged"] in JUDGED]
    rows = [
        (
            one["source"],
            ", ".join(f"`{fault}`" for fault in one["faults"]) or "–",
            JUDGED[one["judged"]],
            one["why"],
            one["now"] or "–",
        )
        for one in sorted(trainings, key=lambda one: order.index(one["judged"]))
    ]
    return table(("training", "said at first sight", "judged", "why", "since"), rows)


def _words(value: Rate) -> str:
    return f"{value.k} ({100 * value.low:.0f}–{100 * value.high:.0f} %)"


def _left(count: int) -> str:
    if not count:
        return (
            "All that were accused without reason were mended since, so the next set has to be another one."
        )
    return f"{count} of those accused without reason {'is' if count == 1 else 'are'} left as they were."


BLOCKS = (first_sight, told)
