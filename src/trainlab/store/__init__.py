"""Every finished run and every curve, in one SQLite file, nothing half-written."""

from trainlab.store.check import Checked
from trainlab.store.chunks import (
    OUTCOME,
    DamagedChunk,
    DamagedError,
    DamageWarning,
    Outcomes,
    merge,
    subtract,
)
from trainlab.store.database import BrokenError
from trainlab.store.listing import StoredRuns
from trainlab.store.named_studies import STOPPED, HeldSeeds, Kind, NamedStudy
from trainlab.store.repair import Repaired, repair
from trainlab.store.store import DEFAULT_FOLDER, Store
from trainlab.store.taking_over import TakenOver

__all__ = [
    "DEFAULT_FOLDER",
    "OUTCOME",
    "STOPPED",
    "BrokenError",
    "Checked",
    "DamageWarning",
    "DamagedChunk",
    "DamagedError",
    "HeldSeeds",
    "Kind",
    "NamedStudy",
    "Outcomes",
    "Repaired",
    "Store",
    "StoredRuns",
    "TakenOver",
    "merge",
    "repair",
    "subtract",
]
