"""Studies, races, maps, endings: cells × seeds carried out, summarised, and judged by stated rules."""

from trainlab.stats import Verdict
from trainlab.studies.causes import Causes
from trainlab.studies.cells import CellResult
from trainlab.studies.effect_table import Effect, Interaction
from trainlab.studies.landscape import EndingsResult, endings
from trainlab.studies.maps import MapResult, map_picture, map_plane
from trainlab.studies.races.race import RaceProgress, race
from trainlab.studies.races.race_board import RaceCandidate, RaceRound
from trainlab.studies.races.race_pictures import race_picture, smallest_picture
from trainlab.studies.races.race_result import RaceResult
from trainlab.studies.races.smallest import BudgetProgress, smallest_budget
from trainlab.studies.races.smallest_board import BudgetJudged
from trainlab.studies.races.smallest_result import SmallestResult
from trainlab.studies.result import StudyResult
from trainlab.studies.run import run, study
from trainlab.studies.seeds_needed import SeedsNeeded, seeds_needed
from trainlab.studies.spikes.spike import spike
from trainlab.studies.spikes.spike_result import SpikeResult
from trainlab.studies.study_pictures import effect_picture, rate_picture
from trainlab.studies.until_width import UntilWidth
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
