"""Every finished run and every curve, in one SQLite file, nothing half-written."""

from trainlab.store.named_studies import STOPPED, HeldSeeds, Kind, NamedStudy
from trainlab.store.read import OUTCOME, Outcomes
from trainlab.store.seed_ranges import merge, subtract
from trainlab.store.store import DEFAULT_FOLDER, Store
from trainlab.store.stored_runs import StoredRuns

__all__ = [
    "DEFAULT_FOLDER",
    "OUTCOME",
    "STOPPED",
    "HeldSeeds",
    "Kind",
    "NamedStudy",
    "Outcomes",
    "Store",
    "StoredRuns",
    "merge",
    "subtract",
]
