"""Faults of how a network is put together: what no gradient reaches, and what can't be expressed."""

from __future__ import annotations

from trainlab.diagnosis.faults.fault import Fault

FAULTS = (
    Fault(
        name="detached_graph",
        title="a tensor leaves the autograd graph on its way to the loss",
        what="`detach()`, `.data`, `torch.tensor(…)`, `argmax` or `no_grad` cuts the graph: what lies "
        "before the cut gets no gradient and learns nothing.",
        formula="Trainable parameters of a stepped optimizer get no gradient in {LEAST} steps, and a call "
        "was seen whose input was computed from just these. Or the losses that `backward()` is called on "
        "have no graph. Or to what a network gives its own derivative by an input is added, of "
        "`torch.autograd.grad` without `create_graph`, in {TIMES} steps looked at.",
        source="A fact, read off the calls and the autograd graph.",
        silent="the cut-off tensor feeds a target, a metric, a weight or another network.",
        remedy="Pass the tensor itself on.",
        see=("chain_rule",),
    ),
    Fault(
        name="params_not_in_optimizer",
        title="the optimizer doesn't have all parameters",
        what="Layers in a plain list, layers made after the optimizer, a module that was forgotten: their "
        "parameters get gradients that no step applies.",
        formula="Parameters of a network are reached by at least half of the losses (and 5), for {LEAST} "
        "steps or more, belong to no optimizer and don't move.",
        source="A fact, counted.",
        silent="they were loaded (a backbone kept on purpose), belong to the other network of a GAN, or "
        "`requires_grad` is off.",
        remedy="Keep layers in `nn.ModuleList`, and make the optimizer last, from `model.parameters()`.",
    ),
    Fault(
        name="unreachable_params",
        title="a layer isn't part of the loss",
        what="The optimizer has parameters that no gradient reaches: `forward` doesn't call their layer, or "
        "doesn't use what it returns. The network is smaller than it is declared to be.",
        formula="Trainable parameters of a stepped optimizer never get a gradient, at least {SMALL:.0%} of "
        "all, and no cut of the graph explains it.",
        source="A fact, read off the autograd graph.",
        silent="they are less than {SMALL:.0%}: then it is a note (a head that waits for another phase).",
        remedy="Use the layer's output where the next layer takes its input, or remove the layer.",
        see=(
            "chain_rule",
            "assignment",
        ),
    ),
    Fault(
        name="frozen_params",
        title="layers are frozen at random values",
        what="`requires_grad` is off for layers that were neither trained nor loaded: they stay random.",
        formula="At least {SHARE:.0%} of a trained network's values are frozen, never loaded, never moved, "
        "and weights among them have the spread of PyTorch's default initialization, std(w) ≈ "
        "1/√(3·fan_in); or they are embeddings of independent normal numbers, in a network whose loss is "
        "still above {UNFIT:.0%} of the best constant answer's.",
        source="Fine-tuning freezes what was loaded or trained before; nobody means to freeze noise.",
        silent="weights were loaded, were trained before, or were set by hand to anything but random "
        "numbers; embeddings hold features, whose columns are unequal, standardized, or correlated.",
        remedy="Leave the layers trainable, or load trained weights into them first.",
        see=("init",),
    ),
    Fault(
        name="no_nonlinearity",
        title="nothing non-linear stands between the layers",
        what="Layers that follow each other directly are one linear layer, however many they are.",
        formula="Of at least two linear layers or convolutions none is followed by anything but another "
        "one, read off the autograd graph.",
        source="The product of matrices is a matrix.",
        silent="the training succeeds: then it is a note, since a linear model may be meant. So is a network "
        "of one layer that gets nowhere.",
        remedy="Put an activation after each hidden layer.",
        see=("neuron",),
    ),
    Fault(
        name="capacity_too_small",
        title="a hidden layer is too narrow",
        what="What the classes differ in can't pass through so few units.",
        formula="A hidden layer has at most {NARROW} units, fewer than the classes need, the training has "
        "come to rest, and it is more than {BEHIND:g} in accuracy or R² behind 5 nearest neighbours.",
        source="K classes need up to K − 1 dimensions; nearest neighbours show what the data allows.",
        silent="the narrow layer is met by no such gap (codes of an autoencoder are meant narrow).",
        remedy="Make the layer several times wider.",
        see=("neuron",),
    ),
)
