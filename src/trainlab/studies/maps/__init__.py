"""Maps: where in a plane of two settings does training work?"""

from trainlab.studies.maps.plane import map_plane
from trainlab.studies.maps.question import Axis
from trainlab.studies.maps.result import MapResult
from trainlab.studies.maps.show import map_picture

__all__ = ["Axis", "MapResult", "map_picture", "map_plane"]
