"""Backward passes, and no step that follows: the weights stay what they were."""

from __future__ import annotations

from trainlab.diagnosis.findings import Finding
from trainlab.diagnosis.seen import OptimizerSeen, ParamSeen
from trainlab.diagnosis.signals.case import Case, named, optimizer_name

FAULT = "missing_optimizer_step"
LEAST = 20


def judge(case: Case) -> Finding | None:
    """Fire if the loss reaches parameters that an optimizer has, none is stepped, and nothing moves them."""
    seen = case.seen
    if seen.backwards < LEAST:
        return None
    for optimizer in seen.optimizers:
        reached = [seen.params[key] for key in optimizer.params if seen.params[key].reached]
        if optimizer.steps == 0 and reached and not any(_moves(case, param) for param in reached):
            return _never(case, optimizer, reached)
        looked = optimizer.empty
        if (
            optimizer.steps >= LEAST
            and looked >= LEAST
            and not any(seen.params[key].with_grad for key in optimizer.params)
            and reached
        ):
            return _cleared(optimizer, looked)
    reached = [param for param in seen.params.values() if param.reached >= 5]
    borrowed = any(param.loaded for param in reached)  # gradients of a finished network: saliency, attacks
    if not seen.optimizers and reached and not borrowed and not any(_moves(case, one) for one in reached):
        return Finding(
            fault=FAULT,
            where=f"no optimizer; the parameters {named(param.name for param in reached)} stay as they are",
            confidence=0.8,
            evidence=(f"{seen.backwards} backward passes, no optimizer, and no parameter has changed",),
            remedy="Make an optimizer of the model's parameters and call its step() after backward().",
            code="optimizer = torch.optim.Adam(model.parameters())\n…\nloss.backward()\noptimizer.step()",
        )
    return None


def _moves(case: Case, param: ParamSeen) -> bool:
    return param.moved is True or case.is_stepped(param)


def _never(case: Case, optimizer: OptimizerSeen, reached: list[ParamSeen]) -> Finding:
    name = optimizer_name(optimizer)
    stream = case.learning.stream
    place = f" after {stream.site.quoted}" if stream is not None and stream.site is not None else ""
    return Finding(
        fault=FAULT,
        where=f"{name}.step() is never called{place}",
        confidence=0.97,
        evidence=(
            f"{case.seen.backwards} backward passes, 0 steps of {name} ({optimizer.kind})",
            f"the parameters {named(param.name for param in reached)} have not changed",
        ),
        remedy=f"Call {name}.step() after loss.backward().",
        code=f"loss.backward()\n{name}.step()",
    )


def _cleared(optimizer: OptimizerSeen, looked: int) -> Finding:
    name = optimizer_name(optimizer)
    return Finding(
        fault=FAULT,
        where=(
            f"{name}.step(){f' at {optimizer.step_site.quoted}' if optimizer.step_site else ''}: no "
            "gradient is left"
        ),
        confidence=0.95,
        evidence=(
            f"in {looked} of {looked} steps looked at no parameter of {name} had a gradient: "
            "steps that do nothing",
        ),
        remedy=f"Don't clear the gradients between backward() and {name}.step().",
        code=f"{name}.zero_grad()\nloss.backward()\n{name}.step()",
    )
