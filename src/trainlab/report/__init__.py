"""Whole pages: a study, a race or a map as one HTML file or in the terminal, and a cell as PyTorch code."""

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
    "explanation_html",
    "map_html",
    "print_map",
    "print_race",
    "print_study",
    "race_html",
    "study_html",
]
