"""Faults of the loop: calls that are missing, in the wrong place or in the wrong mode."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="missing_optimizer_step",
        title="the optimizer never steps",
        what="Gradients are computed, and nothing applies them: the weights stay what they were.",
        formula="At least {LEAST} backward passes reach parameters that an optimizer has, it took 0 steps, "
        "and no parameter has changed. Or it stepped, and in every step looked at its gradients were gone.",
        source="A fact, counted; it takes no threshold but a number of passes beyond usual accumulation.",
        silent="the weights move in another way (`p -= lr * p.grad`, another optimizer).",
        remedy="Call `optimizer.step()` after `loss.backward()`, and clear gradients only after it.",
        see=("learning_rate",),
    ),
    Fault(
        name="missing_zero_grad",
        title="gradients are never cleared",
        what="`backward()` adds to `.grad`. If nothing clears it, each step uses the sum of all gradients "
        "so far: it keeps going where it went, faster and faster.",
        formula="In more than {SHARE:.0%} of the steps looked at, and at least {LEAST}, a backward pass "
        "adds to gradients that a step has used already.",
        source="A fact, counted. The share leaves room for a loop that clears now and then.",
        silent="gradients are accumulated: several backward passes come before one step, not after it.",
        remedy="Call `optimizer.zero_grad()` in every step before `loss.backward()`.",
        see=(
            "chain_rule",
            "learning_rate",
        ),
    ),
    Fault(
        name="eval_mode_training",
        title="the network is trained in eval mode",
        what="After an evaluation nobody called `model.train()`: dropout is off, and batch-norm uses old "
        "statistics instead of the batch's.",
        formula="More than {SHARE:.0%} of the forward passes that a backward pass follows, and at least "
        "{LEAST}, are made in eval mode, by a network with dropout or batch-norm.",
        source="A fact, counted. The share is what one forgotten call leaves of a training of a few epochs.",
        silent="nothing in the network depends on the mode, weights were loaded (fine-tuning with frozen "
        "batch-norm), or only a part of it is in eval mode.",
        remedy="Call `model.train()` at the start of each epoch.",
    ),
    Fault(
        name="train_mode_evaluation",
        title="the network is evaluated in train mode",
        what="Dropout still drops, and batch-norm uses, and learns, the test batch: the numbers of the "
        "evaluation are too low and change from call to call.",
        formula="All passes of a network with dropout or batch-norm that no backward pass follows are made "
        "in train mode, and `eval()` was never called.",
        source="A fact, counted.",
        silent="any evaluation is in eval mode, or passes without gradients come in over half of the steps: "
        "those feed another network or a target.",
        remedy="Call `model.eval()` before an evaluation and `model.train()` after it.",
    ),
    Fault(
        name="graph_retained",
        title="the graphs of old steps are kept",
        what="A loss, or a state, is kept together with all that it was computed from: memory grows with "
        "every step, and `backward()` may walk through the whole past.",
        formula="The graphs of at least {LEAST} earlier steps are alive, or the number of autograd nodes "
        "that one backward pass goes through, for each forward pass of its step, grows steadily to 4 times "
        "its start.",
        source="A fact, counted: a second backward pass through one graph (gradient penalties) has a "
        "bounded size.",
        silent="the number of nodes stays within bounds.",
        remedy="Keep `loss.item()`, not `loss`; pass `state.detach()` on to the next step.",
        see=("chain_rule",),
    ),
    Fault(
        name="scheduler_order",
        title="the scheduler steps before the optimizer",
        what="The first value of the learning rate is never used, and the schedule runs ahead.",
        formula="A scheduler takes a step before any optimizer has.",
        source="PyTorch's documentation of `torch.optim`: since 1.1 `scheduler.step()` comes after "
        "`optimizer.step()`.",
        silent="a loss scaler is at work: it may skip the first steps.",
        remedy="Call `scheduler.step()` after `optimizer.step()`.",
        see=("learning_rate",),
    ),
    Fault(
        name="scheduler_kills_lr",
        title="the schedule takes the learning rate to nothing",
        what="Most often a scheduler that counts epochs is stepped in every batch: the learning rate is "
        "gone long before the training is done.",
        formula="For over {SHARE:.0%} of the steps the rate is below {DEAD:.0%} of its largest, and the "
        "loss is above {UNFIT:.0%} of that of the best constant answer.",
        source="Cosine, one-cycle and warm-up schedules are that low for less than a tenth of the training.",
        silent="the fit is good: then the low rate did no harm.",
        remedy="Step the scheduler once an epoch, or let it decay more slowly.",
        see=("learning_rate",),
    ),
    Fault(
        name="clip_too_tight",
        title="clipping leaves next to nothing of the gradients",
        what="The limit is far below the usual norm: it sets the pace of the training, not the learning "
        "rate.",
        formula="The median of max_norm / ‖g‖ is below {COEFFICIENT:.0%}, over {SHARE:.0%} of the steps are "
        "clipped, and the loss is above {UNFIT:.0%} of that of the best constant answer.",
        source="Google's deep learning tuning playbook: a limit near the 90th percentile of the norms; if "
        "more than half of the steps are clipped, lower the learning rate instead.",
        silent="the fit is good; then it is a note.",
        remedy="Set `max_norm` near the largest usual norm, so that it cuts only outliers.",
        see=("learning_rate",),
    ),
)
