from .data import BoxDataset, denormalise
from .ops import box_iou
