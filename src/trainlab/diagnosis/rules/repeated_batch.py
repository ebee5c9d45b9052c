"""The same batch in every step, although there is more data.

Silent for full-batch training: there the batch is all that the training data has.
"""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.signals.case import Case

FAULT = "repeated_batch"
LEAST = 20


def judge(case: Case) -> Finding | None:
    """Fire if two different batches at most were trained on in more than 20 steps, of data with more rows."""
    data = case.seen.data
    if data.fingerprinted <= LEAST or len(data.batches) > 2 or not data.batches:
        return None
    shown = len(data.train_rows) if data.largest_batch <= 256 else data.largest_batch
    loaders = [loader for loader in case.seen.loaders if loader.rows and loader.shuffled] or case.seen.loaders
    rows = max((loader.rows or 0 for loader in loaders), default=0)
    from_loader = any((loader.rows or 0) >= 3 * shown for loader in loaders)
    from_memory = (
        data.held - len(data.judged_rows - data.train_rows) >= 3 * shown and data.largest_batch <= 256
    )
    if not from_loader and not from_memory:
        return None
    loader = next((one for one in loaders if one.site is not None), None)
    place = loader.site.quoted if loader is not None and loader.site else "the training loop"
    return Finding(
        fault=FAULT,
        where=place,
        confidence=0.93,
        evidence=(
            f"{data.fingerprinted} training passes looked at used {len(data.batches)} different batch"
            f"{'es' if len(data.batches) > 1 else ''} ({shown} rows)",
            f"the data has {max(rows, data.held):,} rows",
        ),
        remedy="Take a new batch in every step: iterate over the loader inside the loop.",
        code="for epoch in range(epochs):\n    for xb, yb in loader:\n        …",
    )
