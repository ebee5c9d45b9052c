"""Under L1 the best constant is the median: if most targets are one value, the network settles for it."""

from __future__ import annotations

import math

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

FAULT = "l1_constant_collapse"
ATOM = 0.5
FIT, NEARLY = 0.1, 0.2
FLAT = 0.35


def judge(case: Case) -> Finding | None:
    """Fire if over half of the targets equal their median and R² on training batches is under 0.1.

    Under 0.2 if the outputs' spread is under 0.35 of the targets' as well.
    """
    main = case.learning.main
    if main is None or len(main.sample) < 50 or not (main.kind == "l1_loss" or _is_absolute(case)):
        return None
    targets = np.asarray(main.sample)
    median = float(np.median(targets))
    share = float((targets == median).mean())
    spread = [fit.out_std for fit in main.fits[-max(5, len(main.fits) // 10) :] if fit.out_std is not None]
    flat = bool(spread) and float(np.median(spread)) < FLAT * float(targets.std())
    if (
        share <= ATOM + 1 / math.sqrt(len(targets))
        or not case.learning.reached < (NEARLY if flat else FIT)
        or float(targets.var()) == 0
    ):
        return None
    return Finding(
        fault=FAULT,
        where=f"the L1 loss at {main.site.quoted if main.site else main.kind}",
        confidence=0.85,
        evidence=(
            f"{share:.0%} of the targets are {median:g}, which is their median: the best "
            "constant answer under L1",
            f"R² is {case.learning.reached:.2f} at best, in training or evaluation",
        ),
        remedy="Use squared error, or first tell whether the target is that value and then how large it is.",
        code="loss = torch.nn.functional.mse_loss(output, target)",
    )


def _is_absolute(case: Case) -> bool:
    main = case.learning.main
    return (
        main is not None
        and main.kind == "difference"
        and any(node.kind == "Abs" for graph in case.seen.graphs for node in graph.nodes[:8])
    )
