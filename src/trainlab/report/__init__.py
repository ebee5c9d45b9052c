"""Whole pages, as one HTML file each: studies, races, maps, diagnoses, seeds; most in the terminal, too."""

from .maps import map_html, print_map
from .races import print_race, print_smallest, race_html, smallest_html
from .section_pages import diagnosis_html, explanation_html, seeds_html
from .spikes_and_endings import print_endings, print_spike, spike_html
from .study_page import study_html
from .study_terminal import print_study
from .torch_training import cell_code

__all__ = [
    "cell_code",
    "diagnosis_html",
    "explanation_html",
    "map_html",
    "print_endings",
    "print_map",
    "print_race",
    "print_smallest",
    "print_spike",
    "print_study",
    "race_html",
    "seeds_html",
    "smallest_html",
    "spike_html",
    "study_html",
]
