"""Studies, races, maps, endings: cells × seeds carried out, summarised, and judged by stated rules."""

from trainlab.stats import Verdict
from trainlab.studies.causes import Causes
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import Effect, Interaction
from trainlab.studies.endings import endings
from trainlab.studies.endings_result import EndingsResult
from trainlab.studies.maps import MapResult, map_picture, map_plane
from trainlab.studies.race import RaceProgress, race
from trainlab.studies.race_result import RaceCandidate, RaceResult, RaceRound, race_picture
from trainlab.studies.result import StudyResult, effect_picture, rate_picture
from trainlab.studies.run import run, study
from trainlab.studies.seeds_needed import SeedsNeeded, UntilWidth, seeds_needed
from trainlab.studies.smallest import BudgetProgress, smallest_budget
from trainlab.studies.smallest_result import BudgetJudged, SmallestResult, smallest_picture
from trainlab.studies.spike import SpikeResult, spike
from trainlab.studies.why_failed import Cause, WhyFailed

__all__ = [
    "BudgetJudged",
    "BudgetProgress",
    "Cause",
    "Causes",
    "CellResult",
    "Effect",
    "EndingsResult",
    "Interaction",
    "MapResult",
    "RaceCandidate",
    "RaceProgress",
    "RaceResult",
    "RaceRound",
    "SeedsNeeded",
    "SmallestResult",
    "SpikeResult",
    "StudyResult",
    "UntilWidth",
    "Verdict",
    "WhyFailed",
    "effect_picture",
    "endings",
    "map_picture",
    "map_plane",
    "race",
    "race_picture",
    "rate_picture",
    "run",
    "seeds_needed",
    "smallest_budget",
    "smallest_picture",
    "spike",
    "study",
]
