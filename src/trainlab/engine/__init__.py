"""Engines train populations: one protocol, a plain reference, a fast kernel, stacked torch; one generator."""

from trainlab.engine.choose import ENGINES, Choice, by_engine, engine_of, get_engine, other_engine
from trainlab.engine.custom_loss import custom_loss
from trainlab.engine.identity import stored_name
from trainlab.engine.runs import Engine, Runs, concatenate, select

__all__ = [
    "ENGINES",
    "Choice",
    "Engine",
    "Runs",
    "by_engine",
    "concatenate",
    "custom_loss",
    "engine_of",
    "get_engine",
    "other_engine",
    "select",
    "stored_name",
]
