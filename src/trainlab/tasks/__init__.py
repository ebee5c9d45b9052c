"""The tasks by name, made when asked for."""

from collections.abc import Callable

from trainlab.tasks.task import Task
from trainlab.tasks.xor import xor

TASKS: dict[str, Callable[[], Task]] = {"xor": xor}
"""Every task by name."""

__all__ = ["TASKS", "Task", "xor"]
