"""Studies: cells × seeds carried out, summarised, and judged by stated rules."""

from trainlab.studies.causes import Causes
from trainlab.studies.cells import CellResult
from trainlab.studies.effects import Effect, Interaction, ReadEstimate
from trainlab.studies.result import HowRun, StudyResult
from trainlab.studies.run import EXAMPLES, example_path, load_study, run, select_cells, study
from trainlab.studies.show import effect_picture, rate_picture
from trainlab.studies.verdicts import Verdict

__all__ = [
    "EXAMPLES",
    "Causes",
    "CellResult",
    "Effect",
    "HowRun",
    "Interaction",
    "ReadEstimate",
    "StudyResult",
    "Verdict",
    "effect_picture",
    "example_path",
    "load_study",
    "rate_picture",
    "run",
    "select_cells",
    "study",
]
