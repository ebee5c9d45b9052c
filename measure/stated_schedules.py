"""What the assignment states about schedules of the learning rate."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from measure import statements
from measure.asked import plateau
from measure.blocks import PICTURES, ROOT, points, under
from measure.explained import CONTEST_SEEDS
from measure.stated_rates import ASKED, PAGE, PLACE
from measure.statements import Answer, Found, Statement
from trainlab.draw import format_number, join
from trainlab.explain.questions.learning_rate.schedules import EXAMPLE, TEN, step_example
from trainlab.maths import SCHEDULES


def _schedules(found: Found) -> Mapping[str, Any]:
    contests = found.explained.contests
    return {
        "readings": {each.network: each.difference.reading for each in contests},
        "number": "; ".join(points(each.difference.value) for each in contests),
        "told": "Best schedule less best constant rate, in points, with A and B; chosen on one half of the "
        "seeds.",
    }


def _schedule(place: int, name: str) -> Statement:
    title = SCHEDULES[name].torch_class or name

    def read(found: Found) -> Mapping[str, Any]:
        checks = found.explained.learning_rate.numbers["checks"]
        gaps = [each["difference"] for each in checks if " rates of " in each["what"] and title in each["by"]]
        known = {each.label: each for each in found.explained.learning_rate.schedules}
        return {
            "facts": {"there": name in known}
            | ({"as PyTorch's": max(gaps) < statements.EXACT} if gaps else {}),
            "number": f"differs by {under(max(gaps))}" if gaps else "",
        }

    return Statement(
        number=str(47 + place),
        said=f"A schedule: {title}.",
        place=PLACE,
        asked=f"{ASKED}: every rate, against PyTorch's class",
        rule=statements.done,
        read=read,
        page=PAGE,
    )


def _held_out(found: Found) -> Mapping[str, Any]:
    asked = plateau()
    shown = join([f"{each:g}" for each in asked.rates])
    return {
        "facts": {
            "as PyTorch's class that is told the held-out loss": asked.held_out < statements.EXACT,
            "otherwise than one that is told the training loss": asked.train > statements.EXACT,
            "a lower rate": len(asked.rates) > 1,
        },
        "number": f"weights differ by {under(asked.held_out)}",
        "told": f"The rate goes {shown}. Told the training loss, PyTorch's class leaves other weights, "
        f"{format_number(asked.train)} away.",
    }


def step_lr(*, rates: tuple[float, ...], gap: float) -> Answer:
    """Every 30 epochs the rate is a tenth: four rates in 100 epochs, as PyTorch has them."""
    wanted = [EXAMPLE[0] * EXAMPLE[3] ** place for place in range(4)]
    right = [math.isclose(a, b, rel_tol=1e-12) for a, b in zip(rates, wanted, strict=False)]
    facts = {f"{format_number(b)}": ok for b, ok in zip(wanted, right, strict=False)}
    answer = statements.exact(
        gaps={"from PyTorch's": gap}, facts=facts | {"four rates": len(rates) == len(wanted)}
    )
    shown = ", ".join(f"{each:.5f}".rstrip("0") for each in rates)
    return Answer(outcome=answer.outcome, number=shown, told=answer.told)


def _step_lr(found: Found) -> Mapping[str, Any]:
    checks = found.explained.learning_rate.numbers["checks"]
    gaps = [each["difference"] for each in checks if " rates of " in each["what"]]
    return {"rates": tuple(each for _, _, each in step_example()), "gap": max(gaps)}


STATEMENTS: tuple[Statement, ...] = (
    Statement(
        number="46",
        said="A constant rate takes trial and error, so schedules do better.",
        place=PLACE,
        asked=f"{ASKED}: best schedule against best constant rate",
        rule=statements.by_readings,
        read=_schedules,
        page=PAGE,
        seeds=f"{CONTEST_SEEDS // 2} + {CONTEST_SEEDS // 2}",
    ),
    *(_schedule(place, name) for place, name in enumerate(TEN)),
    Statement(
        number="57",
        said="StepLR: 0.05, divided by ten every 30 epochs, over 100.",
        place=PLACE,
        asked=f"{ASKED}: the worked example",
        rule=step_lr,
        read=_step_lr,
        page=PAGE,
    ),
    Statement(
        number="58",
        said="ReduceLROnPlateau reads a validation measure.",
        place=PLACE,
        asked='a training with `schedule.on = "held_out"`, and the same by hand in PyTorch',
        rule=statements.done,
        read=_held_out,
        page=PAGE,
    ),
    Statement(
        number="59",
        said="A picture shows small and large rates.",
        place=PLACE,
        asked="the page's own picture",
        rule=statements.done,
        read=lambda found: {
            "facts": {"a valley and steps in it": (ROOT / PICTURES / "learning_rate-valley.svg").exists()},
            "number": "1 of our own",
        },
        page=PAGE,
    ),
)
