"""Whole pages, as one HTML file each: studies, races, maps, diagnoses, seeds; most in the terminal, too."""

from .diagnosis_page import diagnosis_html
from .endings_terminal import print_endings
from .explanation_page import explanation_html
from .maps.map_page import map_html
from .maps.map_terminal import print_map
from .races.race_page import race_html
from .races.race_terminal import print_race, print_smallest
from .races.smallest_page import smallest_html
from .seeds_page import seeds_html
from .spike_page import spike_html
from .spike_terminal import print_spike
from .study.study_page import study_html
from .study.study_terminal import print_study
from .torch_code.cell_code import cell_code

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
