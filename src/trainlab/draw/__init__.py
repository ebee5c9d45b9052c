"""Small SVG pictures, tables and one palette: what results print and plot themselves with."""

from .axes import axis_label, needs_log
from .bar_chart import bars
from .before_after_chart import BeforeAfter, before_after
from .binned_chart import binned
from .chain_chart import Link, chain
from .contours import contour_lines
from .contribution_chart import Part, contributions
from .curve_chart import curves
from .curve_data import Band, Curve
from .data_frame import Column, check_table, data_frame
from .formats import counted, format_fixed, format_number, format_percent, join
from .grid_chart import RateLike, Spread, rate_grid, spread_grid
from .heat_chart import heat_map
from .heat_data import Contour, HeatAxis, HeatScale, Spot, Track
from .heat_text import Shade, heat_text
from .histogram_chart import Density, histogram
from .interval_chart import Emphasis, Interval, intervals
from .json_format import JSON_FORMAT, json_text
from .measured_chart import Measured, measured_curves
from .network_chart import network_graph
from .palette import INSIDE, TERMINAL, css, ramp
from .panel_chart import panels
from .picture import Data, Picture
from .prediction_chart import Answers, predictions
from .region_chart import region_map
from .shape_chart import Shape, shapes
from .strip_chart import strips
from .table import Cell, html_table, terminal_table
from .tangent_chart import tangent
from .text_wrap import unbroken, wrapped
from .value_chart import can_show_values, value_graph

__all__ = [
    "INSIDE",
    "JSON_FORMAT",
    "TERMINAL",
    "Answers",
    "Band",
    "BeforeAfter",
    "Cell",
    "Column",
    "Contour",
    "Curve",
    "Data",
    "Density",
    "Emphasis",
    "HeatAxis",
    "HeatScale",
    "Interval",
    "Link",
    "Measured",
    "Part",
    "Picture",
    "RateLike",
    "Shade",
    "Shape",
    "Spot",
    "Spread",
    "Track",
    "axis_label",
    "bars",
    "before_after",
    "binned",
    "can_show_values",
    "chain",
    "check_table",
    "contour_lines",
    "contributions",
    "counted",
    "css",
    "curves",
    "data_frame",
    "format_fixed",
    "format_number",
    "format_percent",
    "heat_map",
    "heat_text",
    "histogram",
    "html_table",
    "intervals",
    "join",
    "json_text",
    "measured_curves",
    "needs_log",
    "network_graph",
    "panels",
    "predictions",
    "ramp",
    "rate_grid",
    "region_map",
    "shapes",
    "spread_grid",
    "strips",
    "tangent",
    "terminal_table",
    "unbroken",
    "value_graph",
    "wrapped",
]
