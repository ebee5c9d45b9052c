"""Small SVG pictures, tables and one palette: what results print and plot themselves with."""

from trainlab.draw.axes import axis_label, needs_log
from trainlab.draw.bar_charts import Part, bars, binned, contributions, histogram
from trainlab.draw.chain_charts import Link, can_show_values, chain, value_graph
from trainlab.draw.curve_charts import Band, Curve, curves
from trainlab.draw.formats import (
    counted,
    format_fixed,
    format_number,
    format_percent,
    join,
    unbroken,
    without_noise,
    without_noise_by_column,
    wrapped,
)
from trainlab.draw.function_charts import Shape, panels, shapes
from trainlab.draw.grid_chart import RateLike, Spread, rate_grid, spread_grid
from trainlab.draw.heat_charts import Contour, HeatAxis, HeatScale, Spot, Track, heat_map
from trainlab.draw.interval_charts import BeforeAfter, Emphasis, Interval, before_after, intervals, strips
from trainlab.draw.network_chart import network_graph
from trainlab.draw.palette import INSIDE, TERMINAL, css, ramp
from trainlab.draw.picture import Data, Picture
from trainlab.draw.plane_charts import Shade, contour_lines, heat_text, region_map
from trainlab.draw.prediction_charts import Answers, Measured, measured_curves, predictions
from trainlab.draw.table import Cell, Column, check_table, data_frame, html_table, terminal_table
from trainlab.plain import JSON_FORMAT, json_text

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
    "terminal_table",
    "unbroken",
    "value_graph",
    "without_noise",
    "without_noise_by_column",
    "wrapped",
]
