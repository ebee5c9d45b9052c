"""Whole pages: a study or a race as one HTML file or in the terminal, and a cell as PyTorch code."""

from .race_page import race_html
from .race_terminal import print_race
from .study_page import study_html
from .terminal import print_study
from .torch_code import cell_code

__all__ = ["cell_code", "print_race", "print_study", "race_html", "study_html"]
