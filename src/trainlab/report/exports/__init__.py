"""A study for other programs: a table as CSV or Parquet, its cells as runs of MLflow or TensorBoard."""

from trainlab.report.exports.tables import ENDINGS, check_table_file, write_table
from trainlab.report.exports.trackers import TRACKERS, check_tracker, log_cells

__all__ = ["ENDINGS", "TRACKERS", "check_table_file", "check_tracker", "log_cells", "write_table"]
