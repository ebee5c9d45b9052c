"""Under L1 the best constant is the median: if most targets are one value, the network settles for it."""

from __future__ import annotations

import math

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.torch_names import BY_HAND
from trainlab.diagnosis.pictures.targets import targets_and_range
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.remedies.common_remedies import single
from trainlab.diagnosis.signals.training import Training

ATOM = 0.5
FIT, NEARLY = 0.1, 0.2
FLAT = 0.35


def judge(training: Training) -> Finding | None:
    """Fire if over half of the targets equal their median and R² on training batches is under 0.1.

    Under 0.2 if the outputs' spread is under 0.35 of the targets' as well.
    """
    import numpy as np

    main = training.learning.main
    if main is None or len(main.sample) < 50 or not (main.kind == "l1_loss" or _is_absolute(training)):
        return None
    targets = np.asarray(main.sample)
    median = float(np.median(targets))
    share = float((targets == median).mean())
    spread = [fit.out_std for fit in main.fits[-max(5, len(main.fits) // 10) :] if fit.out_std is not None]
    flat = bool(spread) and float(np.median(spread)) < FLAT * float(targets.std())
    if (
        share <= ATOM + 1 / math.sqrt(len(targets))
        or not training.learning.reached < (NEARLY if flat else FIT)
        or float(targets.var()) == 0
    ):
        return None
    return Finding(
        place=place_at(main.site, "loss", call=main.kind),
        where=f"the L1 loss at {main.site.quoted if main.site else main.kind}",
        confidence=0.85,
        evidence=(
            f"{share:.0%} of the targets are {median:g}, which is their median: the best "
            "constant answer under L1",
            f"R² is {training.learning.reached:.2f} at best, in training or evaluation",
        ),
        remedy="Use squared error, or first predict whether the target has that value, then how large it is.",
        code="loss = torch.nn.functional.mse_loss(output, target)",
    )


def _is_absolute(training: Training) -> bool:
    main = training.learning.main
    return (
        main is not None
        and main.kind == BY_HAND
        and any(node.kind == "Abs" for graph in training.record.graphs for node in graph.nodes[:8])
    )


FAULT = Fault(
    name="l1_constant_collapse",
    family="The loss and its targets",
    title="under L1 one constant is the best answer",
    what="The best constant under absolute error is the median. If most targets share one value, the "
    "network answers that everywhere, and hardly leaves it.",
    formula=f"Under L1 more than {ATOM:.0%} of the targets equal their median, and R² on training "
    f"batches is below {FIT:g}.",
    source="The median minimizes the mean absolute deviation.",
    silent="the network fits anyway, or no value has that share.",
    remedy="Use squared error, or first predict whether the target has that value, then how large it is.",
    see=(
        "loss",
        "assignment",
    ),
    judge=judge,
    picture=targets_and_range,
    remedies=(single("squared error", "squared", same_loss=False),),
    explains=(Explains(("dead_relu", "loss_plateau"), "a single answer needs no units"),),
    signals=("reached",),
)
