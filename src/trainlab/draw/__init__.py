"""Small SVG pictures, tables and one palette: what results print and plot themselves with."""

from .axes import axis_label
from .contours import contour_lines
from .curve_chart import curves
from .curve_data import Band, Curve
from .formats import counted, format_fixed, format_number, format_percent, join
from .grid_chart import RateLike, rate_grid
from .heat_chart import heat_map
from .heat_data import Contour, HeatAxis, Spot
from .heat_text import Shade, heat_text
from .interval_chart import Emphasis, Interval, intervals
from .network_chart import network_graph
from .palette import INSIDE, TERMINAL, css, ramp
from .picture import Data, Picture
from .plain import JSON_FORMAT, json_text
from .prediction_chart import Answers, predictions
from .region_chart import region_map
from .table import Cell, html_table, terminal_table

__all__ = [
    "INSIDE",
    "JSON_FORMAT",
    "TERMINAL",
    "Answers",
    "Band",
    "Cell",
    "Contour",
    "Curve",
    "Data",
    "Emphasis",
    "HeatAxis",
    "Interval",
    "Picture",
    "RateLike",
    "Shade",
    "Spot",
    "axis_label",
    "contour_lines",
    "counted",
    "css",
    "curves",
    "format_fixed",
    "format_number",
    "format_percent",
    "heat_map",
    "heat_text",
    "html_table",
    "intervals",
    "join",
    "json_text",
    "network_graph",
    "predictions",
    "ramp",
    "rate_grid",
    "region_map",
    "terminal_table",
]
