import numpy as np
import torch
from torch.utils.data import Dataset


def render(rng, height, width):
    """One textured rectangle on a noisy background; the box is x1, y1, x2, y2 in pixels."""
    image = rng.normal(0, 0.25, (height, width)).astype(np.float32)
    w, h = rng.integers(6, 16), rng.integers(5, 12)
    x1, y1 = rng.integers(0, width - w + 1), rng.integers(0, height - h + 1)
    image[y1:y1 + h, x1:x1 + w] += 1.0
    return image, np.array([x1, y1, x1 + w, y1 + h], dtype=np.float32)


def box_scale(image):
    rows, cols = image.shape[-2:]
    return torch.tensor([rows, cols, rows, cols], dtype=torch.float32)


def normalise(box, image):
    return box / box_scale(image)


def denormalise(box, image):
    return box * box_scale(image)


class BoxDataset(Dataset):
    def __init__(self, n, size, seed):
        rng = np.random.default_rng(seed)
        pairs = [render(rng, *size) for _ in range(n)]
        self.images = torch.from_numpy(np.stack([p[0] for p in pairs])).unsqueeze(1)
        self.boxes = torch.from_numpy(np.stack([p[1] for p in pairs]))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = self.images[i]
        return image, normalise(self.boxes[i], image)
