"""What networks learn: generated tasks, scikit-learn's data sets, a user's own data; split and scaled."""

from trainlab.tasks.build import TASKS, arrays, build, fingerprint_data
from trainlab.tasks.task import Kind, Task, classified, examples

__all__ = ["TASKS", "Kind", "Task", "arrays", "build", "classified", "examples", "fingerprint_data"]
