"""Whole pages: a study, a race, a map or a diagnosis as one HTML file; most in the terminal, too."""

from .diagnosis_page import diagnosis_html
from .explanation_page import explanation_html
from .map_page import map_html
from .map_terminal import print_map
from .race_page import race_html
from .race_terminal import print_race
from .study_page import study_html
from .terminal import print_study
from .torch_code import cell_code

__all__ = [
    "cell_code",
    "diagnosis_html",
    "explanation_html",
    "map_html",
    "print_map",
    "print_race",
    "print_study",
    "race_html",
    "study_html",
]
