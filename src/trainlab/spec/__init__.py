"""Experiments, changes and studies as immutable data, read from TOML and written back."""

from trainlab.spec.change import Change, Edit
from trainlab.spec.experiment import Experiment
from trainlab.spec.network import Network, parse_widths
from trainlab.spec.parts import (
    SGD,
    Adam,
    Constant,
    Default,
    Full,
    Init,
    Normal,
    Optimizer,
    Record,
    Sampling,
    Single,
    Solved,
    Uniform,
)
from trainlab.spec.study import Cell, NamedNetwork, Study
from trainlab.spec.toml import (
    experiment_from_toml,
    experiment_to_toml,
    read_text,
    study_from_dict,
    study_from_toml,
    study_to_dict,
    study_to_toml,
)

__all__ = [
    "SGD",
    "Adam",
    "Cell",
    "Change",
    "Constant",
    "Default",
    "Edit",
    "Experiment",
    "Full",
    "Init",
    "NamedNetwork",
    "Network",
    "Normal",
    "Optimizer",
    "Record",
    "Sampling",
    "Single",
    "Solved",
    "Study",
    "Uniform",
    "experiment_from_toml",
    "experiment_to_toml",
    "parse_widths",
    "read_text",
    "study_from_dict",
    "study_from_toml",
    "study_to_dict",
    "study_to_toml",
]
