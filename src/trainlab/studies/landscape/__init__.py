"""Where failed runs end: at a minimum, a saddle, on a plateau, at a kink, or on their way."""

from trainlab.studies.landscape.endings import endings
from trainlab.studies.landscape.result import EndingsResult

__all__ = ["EndingsResult", "endings"]
