"""Engines train populations: one protocol, a plain reference and a fast kernel, one generator for both."""

from trainlab.engine.choose import ENGINES, get_engine
from trainlab.engine.identity import stored_name
from trainlab.engine.protocol import Engine
from trainlab.engine.runs import Runs, concatenate, select

__all__ = ["ENGINES", "Engine", "Runs", "concatenate", "get_engine", "select", "stored_name"]
