"""The output's activation can't reach the targets: a sigmoid for 3.7, a ReLU for −1."""

from __future__ import annotations

import numpy as np

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case, behind

FAULT = "output_range_mismatch"
SHARE = 0.05
RANGES = {
    "Sigmoid": (0.0, 1.0),
    "Tanh": (-1.0, 1.0),
    "Relu": (0.0, np.inf),
    "Softmax": (0.0, 1.0),
    "Softplus": (0.0, np.inf),
    "Hardsigmoid": (0.0, 1.0),
    "Silu": (-0.2785, np.inf),
    "Gelu": (-0.17, np.inf),
    "Mish": (-0.3089, np.inf),
    "Hardswish": (-0.375, np.inf),
}
"""What comes out of a node of an autograd graph; ELU's range hangs on its alpha."""
FITTED = 0.05


def judge(case: Case) -> Finding | None:
    """Fire if more than 5 % of the targets lie outside of the range of what the output comes from.

    Not where the loss is below 5 % of the best constant answer's: then they were reached.
    """
    if case.learning.ratio < FITTED:
        return None
    for graph in case.seen.graphs:
        for node in graph.nodes:
            loss = case.loss_of(node.op)
            if loss is None:
                continue
            for source in behind(graph, node):
                if source.kind not in RANGES or len(loss.sample) < 20 or loss.kind not in _PLAIN:
                    continue
                low, high = RANGES[source.kind]
                margin = 0.02 * (1 if high == np.inf else high - low)
                targets = np.asarray(loss.sample)
                outside = float(((targets < low - margin) | (targets > high + margin)).mean())
                if outside > SHARE:
                    place = source.op.place if source.op is not None else source.kind
                    line = f" `{source.op.site.text}`" if source.op is not None and source.op.site else ""
                    return Finding(
                        fault=FAULT,
                        where=(
                            f"{source.kind.lower()} at {place}{line}, into the loss at "
                            f"{loss.site.quoted if loss.site else loss.kind}"
                        ),
                        confidence=0.93,
                        evidence=(
                            f"the output lies in [{low:g}, {high:g}], the targets in "
                            f"[{loss.target_low:.4g}, {loss.target_high:.4g}]",
                            f"{outside:.0%} of the targets can't be reached",
                        ),
                        remedy="Leave the last activation out, or scale the targets into its range.",
                        code="return self.last(x)  # no activation",
                    )
    return None


_PLAIN = frozenset(("mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "difference"))
