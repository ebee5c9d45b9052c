"""The pages on the five questions: a function of BLOCKS makes the Markdown of one block."""

from __future__ import annotations

from collections.abc import Callable

from docs.chain_blocks import (
    chain_answer,
    chain_downhill,
    chain_factors,
    chain_forward,
    chain_layers,
    chain_letters,
    chain_names,
    chain_paths,
    chain_population,
    chain_steps,
)
from docs.explained import Explained, carry_out
from docs.init_blocks import (
    init_answer,
    init_default,
    init_depth,
    init_example,
    init_means,
    init_schemes,
    init_sizes,
    init_stack,
    init_symmetry,
)
from docs.loss_blocks import (
    loss_answer,
    loss_log,
    loss_many_classes,
    loss_outliers,
    loss_pairs,
    loss_single,
    loss_twice,
    loss_two_classes,
)
from docs.neuron_blocks import (
    neuron_active,
    neuron_answer,
    neuron_apart,
    neuron_collapse,
    neuron_line,
    neuron_stacks,
)
from docs.rate_blocks import (
    rate_answer,
    rate_contest,
    rate_endings,
    rate_grid,
    rate_limit,
    rate_range_test,
    rate_schedules,
    rate_step,
    rate_step_example,
)

__all__ = ["BLOCKS", "Explained", "carry_out", "pictures"]

SHOWN = {
    "neuron": {"sum": ("apart", 0), "line": ("plane", 0), "answers": ("stacks", 1)},
    "learning_rate": {"valley": ("quadratic", 0), "solved": ("effects", 0), "schedules": ("schedules", 0)},
    "init": {"gradient": ("signals", 1), "sizes": ("sizes", 0), "depth": ("learning", 0)},
    "loss": {"slopes": ("shapes", 1), "outliers": ("outliers", 0), "fits": ("outliers", 1)},
    "chain_rule": {"paths": ("paths", 0), "population": ("population", 0), "plane": ("downhill", 1)},
}
"""For each page its pictures: the section of the explanation that has it, and its place there."""


def pictures(explained: Explained) -> dict[str, str]:
    """Return the files of docs/pictures by name."""
    return {
        f"{page}-{name}.svg": getattr(explained, page).section(section).pictures[place].svg + "\n"
        for page, shown in SHOWN.items()
        for name, (section, place) in shown.items()
    }


BLOCKS: tuple[Callable[[Explained], str], ...] = (
    neuron_answer,
    neuron_apart,
    neuron_active,
    neuron_line,
    neuron_collapse,
    neuron_stacks,
    rate_answer,
    rate_step,
    rate_limit,
    rate_grid,
    rate_endings,
    rate_range_test,
    rate_step_example,
    rate_schedules,
    rate_contest,
    init_answer,
    init_schemes,
    init_example,
    init_default,
    init_stack,
    init_means,
    init_symmetry,
    init_sizes,
    init_depth,
    loss_answer,
    loss_pairs,
    loss_single,
    loss_twice,
    loss_log,
    loss_two_classes,
    loss_many_classes,
    loss_outliers,
    chain_answer,
    chain_forward,
    chain_letters,
    chain_names,
    chain_paths,
    chain_factors,
    chain_steps,
    chain_layers,
    chain_population,
    chain_downhill,
)
