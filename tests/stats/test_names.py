import subprocess
import sys

from trainlab import stats


def test_the_room_exports_these_names():
    assert stats.__all__ == [
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
    assert all(hasattr(stats, name) for name in stats.__all__)


def test_importing_the_room_imports_no_scipy():
    code = "import sys, trainlab.stats; sys.exit(any(name.split('.')[0] == 'scipy' for name in sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
