"""Whole pages: a study as one HTML file, in the terminal, and a cell as ready-to-run PyTorch code."""

from .study_page import study_html
from .terminal import print_study
from .torch_code import cell_code

__all__ = ["cell_code", "print_study", "study_html"]
