"""Studies, races and maps out of the store: read as far as they are there, nothing is trained."""

from trainlab.studies.stored.held_runs import HeldRuns, NotThereError
from trainlab.studies.stored.stored_map import StoredMap
from trainlab.studies.stored.stored_part import Part
from trainlab.studies.stored.stored_race import StoredRace
from trainlab.studies.stored.stored_study import StoredStudy

__all__ = ["HeldRuns", "NotThereError", "Part", "StoredMap", "StoredRace", "StoredStudy"]
