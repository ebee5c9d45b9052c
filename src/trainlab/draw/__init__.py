"""Small SVG pictures, tables and one palette: what results print and plot themselves with."""

from .axes import axis_label
from .curve_chart import curves
from .curve_data import Band, Curve
from .formats import format_fixed, format_number, format_percent
from .grid_chart import RateLike, rate_grid
from .inline import bar, sparkline
from .interval_chart import Emphasis, Interval, intervals
from .network_chart import network_graph
from .palette import TERMINAL, css
from .picture import Data, Picture
from .prediction_chart import Answers, predictions
from .table import Cell, html_table, terminal_table

__all__ = [
    "TERMINAL",
    "Answers",
    "Band",
    "Cell",
    "Curve",
    "Data",
    "Emphasis",
    "Interval",
    "Picture",
    "RateLike",
    "axis_label",
    "bar",
    "css",
    "curves",
    "format_fixed",
    "format_number",
    "format_percent",
    "html_table",
    "intervals",
    "network_graph",
    "predictions",
    "rate_grid",
    "sparkline",
    "terminal_table",
]
