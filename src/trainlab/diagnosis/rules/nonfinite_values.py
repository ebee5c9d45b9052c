"""NaN or infinity: the first operation that made one, or the data that brought it."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import Event
from trainlab.diagnosis.signals.case import Case

FAULT = "nonfinite_values"


def judge(case: Case) -> Finding | None:
    """Fire if a loss stopped being finite, or if gradients did and there is no loss scaler."""
    seen = case.seen
    losses = [stream for stream in seen.streams if stream.first_nonfinite is not None]
    gradients = seen.events_of("nonfinite_gradient")
    if not losses and (not gradients or seen.uses_scaler):
        return None
    if seen.uses_scaler and sum(stream.nonfinite for stream in losses) < 3:
        return None
    if seen.data.nonfinite_input is not None:
        return _of_the_data(case)
    first = min([*gradients, *seen.events_of("nonfinite_loss")], key=lambda event: event.tick, default=None)
    if first is None:
        return None
    return _of_an_operation(case, first)


def _of_the_data(case: Case) -> Finding:
    return Finding(
        fault=FAULT,
        where=(
            f"the input batch at step {case.seen.data.nonfinite_input}: the data has NaN or infinite values"
        ),
        confidence=0.97,
        evidence=(
            f"a batch given to the network at step {case.seen.data.nonfinite_input} holds NaN or infinity",
        ),
        remedy="Clean the data: fill in or drop missing values before training.",
        code="X = torch.nan_to_num(X)  # or drop the rows",
    )


def _of_an_operation(case: Case, event: Event) -> Finding:
    name = str(event.facts.get("name") or "")
    place = event.site.quoted if event.site is not None else event.module or "the loss"
    nearest = event.facts.get("nearest")
    evidence = [
        f"step {event.tick}: the first value that isn't finite comes out of {name or 'the loss'} at {place}"
    ]
    if event.kind == "nonfinite_gradient":
        evidence = [
            f"step {event.tick}: gradients of {', '.join(event.facts['parameters'])} aren't "
            f"finite; see {name or 'the loss'} at {place}"
        ]
    if nearest is not None and nearest < 1e-12:
        evidence.append(f"an input of {name} is {nearest:.3g}, where it or its derivative is infinite")
    if event.facts.get("parameters") and event.kind == "nonfinite_loss":
        evidence.append(f"already not finite: {', '.join(event.facts['parameters'])}")
    bad = sum(stream.nonfinite for stream in case.seen.streams)
    evidence.append(f"{bad} of {case.seen.backwards} losses are NaN or infinite")
    return Finding(
        fault=FAULT,
        where=f"{name or 'loss'} at {place}{f' (in {event.module})' if event.module else ''}",
        confidence=0.95 if nearest is not None and nearest < 1e-12 else 0.7,
        evidence=tuple(evidence),
        remedy=(
            f"Keep the input of {name or 'the operation'} away from where it is infinite: add a "
            "small constant, or clamp it."
        ),
        code="eps = 1e-6\nx = x.clamp(min=eps)  # before log, sqrt or a division",
    )
