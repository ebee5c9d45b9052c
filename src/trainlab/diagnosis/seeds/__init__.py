"""Was it the seed? A user's own training as a population: outcomes over seeds, failures and their causes."""

from trainlab.diagnosis.seeds.populate import populate, report_of_seed
from trainlab.diagnosis.seeds.population import show_seeds
from trainlab.diagnosis.seeds.question import Question
from trainlab.diagnosis.seeds.seed_run import Success

__all__ = ["Question", "Success", "populate", "report_of_seed", "show_seeds"]
