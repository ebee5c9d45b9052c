"""Rates, paired differences, effects and what they allow to say: pure functions of counts and arrays."""

from trainlab.stats.coded_curves import CodeCounts, coded_bands, coded_quantiles, count_codes
from trainlab.stats.contrast import contrast, paired_difference
from trainlab.stats.curves import Bands, finite_counts, median_and_bands, quantile_curves
from trainlab.stats.estimate import SMALL, Estimate
from trainlab.stats.exact_binomial import exact_interval, mcnemar_p, sign_test
from trainlab.stats.factorial import (
    alone_effect,
    alone_scores,
    interaction_effect,
    interaction_scores,
    main_effect,
    main_scores,
)
from trainlab.stats.multiple_comparisons import (
    SIGNIFICANCE,
    ReadEstimate,
    Reading,
    holm,
    passed_over,
    read_family,
    reading,
)
from trainlab.stats.power import POWER, chance_told, difference_told, seeds_to_tell
from trainlab.stats.race import Round, Standing, hold_race, rank_ranges, round_sizes
from trainlab.stats.rate import Rate, percent_words, points_words, rate, share_p, share_words
from trainlab.stats.resampled import resampled_contrast
from trainlab.stats.sample_splitting import picked_on_half
from trainlab.stats.threshold_race import Reaching, any_reaches
from trainlab.stats.verdict import HALF, OFTEN, Outcome, Side, Verdict, almost_always, disagreement, more_than
from trainlab.stats.width_rule import fewest_seeds, first_look, is_narrow, likely_size, look_sizes

__all__ = [
    "HALF",
    "OFTEN",
    "POWER",
    "SIGNIFICANCE",
    "SMALL",
    "Bands",
    "CodeCounts",
    "Estimate",
    "Outcome",
    "Rate",
    "Reaching",
    "ReadEstimate",
    "Reading",
    "Round",
    "Side",
    "Standing",
    "Verdict",
    "almost_always",
    "alone_effect",
    "alone_scores",
    "any_reaches",
    "chance_told",
    "coded_bands",
    "coded_quantiles",
    "contrast",
    "count_codes",
    "difference_told",
    "disagreement",
    "exact_interval",
    "fewest_seeds",
    "finite_counts",
    "first_look",
    "hold_race",
    "holm",
    "interaction_effect",
    "interaction_scores",
    "is_narrow",
    "likely_size",
    "look_sizes",
    "main_effect",
    "main_scores",
    "mcnemar_p",
    "median_and_bands",
    "more_than",
    "paired_difference",
    "passed_over",
    "percent_words",
    "picked_on_half",
    "points_words",
    "quantile_curves",
    "rank_ranges",
    "rate",
    "read_family",
    "reading",
    "resampled_contrast",
    "round_sizes",
    "seeds_to_tell",
    "share_p",
    "share_words",
    "sign_test",
]
