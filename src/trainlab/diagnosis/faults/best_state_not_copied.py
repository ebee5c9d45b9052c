"""Weights that were kept to be loaded again, but not copied: they went on changing with the network.

Silent where a state is loaded in the step in which it was taken: nothing could have changed.
"""

from __future__ import annotations

from trainlab.diagnosis.fault import Explains, Fault
from trainlab.diagnosis.finding import Finding
from trainlab.diagnosis.observed.events import LoadedItself
from trainlab.diagnosis.pictures.kinds import Picture, bars
from trainlab.diagnosis.place import place_at
from trainlab.diagnosis.signals.training import Training


def judge(training: Training) -> Finding | None:
    """Fire if a network that learns was given its own tensors to load, steps after they were taken."""
    event = _worst(training)
    if event is None:
        return None
    taken = event.taken
    kept = f", taken at {taken.quoted}," if taken is not None else ""
    name = event.module or "the network"
    return Finding(
        place=place_at(event.site, "call", module=event.module, call="load_state_dict"),
        where=event.site.quoted if event.site else f"load_state_dict of {name}",
        confidence=0.97,
        evidence=(
            f"the state that {name} loads{kept} is made of its own tensors: "
            "after loading, no weight is another than before",
            f"{event.steps:,} optimizer steps came between taking and loading it; they changed it as well",
        ),
        remedy="Copy the weights when you keep them: state_dict() only points to them.",
        code=f"best = copy.deepcopy({_variable(training, event)}.state_dict())",
    )


def _variable(training: Training, event: LoadedItself) -> str:
    """Return the network's name, if the script has one for it."""
    classes = {root.kind for root in training.record.networks}
    return "model" if event.module in classes or not event.module else event.module


def _worst(training: Training) -> LoadedItself | None:
    params = training.record.params
    events = [
        event
        for event in training.record.events_of(LoadedItself)
        if event.steps and any(params[key].optimizers or params[key].reached for key in event.params)
    ]
    return max(events, key=lambda event: event.steps, default=None)


def _picture(training: Training) -> Picture | None:
    """Steps between taking and loading, and the weights that loading changed."""
    event = _worst(training)
    if event is None:
        return None
    pairs = [
        ("steps from taking to loading", float(event.steps)),
        ("tensors that loading changed", 0.0),
    ]
    return bars("A state that was never copied", "count", pairs)


FAULT = Fault(
    name="best_state_not_copied",
    family="The loop",
    title="the weights that are loaded back were never copied",
    what="`model.state_dict()` points to the network's own weights. What is kept of the best epoch goes on "
    "changing with every step, and loading it at the end restores nothing: the last weights stay.",
    formula="Every parameter that `load_state_dict` gives a network lies in the memory of that parameter "
    "itself, and optimizer steps came since `state_dict()` was called.",
    source="A fact, read off the tensors' addresses.",
    silent="the state was copied, went through a file, or is loaded in the step in which it was taken.",
    remedy="`best = copy.deepcopy(model.state_dict())`, or save it with `torch.save`.",
    judge=judge,
    picture=_picture,
    untried="it changes which weights are kept, not how they are learnt",
    not_to_blame="it changes which weights are kept, not how they are learnt",
    explains=(Explains(("overfitting",), "the best weights were to be loaded back, and weren't"),),
)
