import argparse

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset


class RectanglesDataset(Dataset):
    """One bright rectangle on a noisy image; target box = (cx, cy, w, h) relative to the image."""

    def __init__(self, n, size=24, seed=0):
        rng = np.random.default_rng(seed)
        self.images = rng.normal(0, 0.15, (n, 1, size, size)).astype(np.float32)
        self.boxes = np.zeros((n, 4), np.float32)
        for k in range(n):
            w, h = rng.integers(6, 14, 2)
            x, y = rng.integers(0, size - w), rng.integers(0, size - h)
            self.images[k, 0, y:y + h, x:x + w] += 1.0
            self.boxes[k] = (x + w / 2, y + h / 2, w, h)
        self.boxes /= size

    def __len__(self):
        return len(self.boxes)

    def __getitem__(self, i):
        return torch.from_numpy(self.images[i]), torch.from_numpy(self.boxes[i])


class BoxNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(8, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2))
        self.regressor = nn.Sequential(nn.Flatten(), nn.Linear(16 * 6 * 6, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return torch.sigmoid(self.regressor(self.features(x)))


def bbox_iou(a, b):
    lt = torch.max(a[:, :2], b[:, :2])
    rb = torch.min(a[:, 2:], b[:, 2:])
    wh = (rb - lt).clamp(min=0)
    inter = wh[:, 0] * wh[:, 1]
    area_a = (a[:, 2] - a[:, 0]).clamp(min=0) * (a[:, 3] - a[:, 1]).clamp(min=0)
    area_b = (b[:, 2] - b[:, 0]).clamp(min=0) * (b[:, 3] - b[:, 1]).clamp(min=0)
    return inter / (area_a + area_b - inter + 1e-6)


def to_corners(box):
    c, s = box[:, :2], box[:, 2:]
    return torch.cat([c - s / 2, c + s / 2], dim=1)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    ious, l1 = [], []
    for img, box in loader:
        pred = model(img)
        ious.append(bbox_iou(pred, box))
        l1.append((pred - box).abs().mean(dim=1))
    ious = torch.cat(ious)
    return ious.mean().item(), (ious > 0.5).float().mean().item(), torch.cat(l1).mean().item()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=14)
    parser.add_argument("--lr", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=32)
    args = parser.parse_args()
    torch.manual_seed(0)
    train_loader = DataLoader(RectanglesDataset(1500, seed=1), batch_size=args.batch, shuffle=True)
    val_loader = DataLoader(RectanglesDataset(300, seed=2), batch_size=100)
    model = BoxNet()
    optimizer = torch.optim.Adam(model.parameters(), lr=args.lr)
    for epoch in range(args.epochs):
        model.train()
        for img, box in train_loader:
            loss = F.smooth_l1_loss(model(img), box, beta=0.05)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        miou, ap50, l1 = evaluate(model, val_loader)
        print(f"epoch {epoch} loss {loss.item():.4f} val L1 {l1:.4f} mean IoU {miou:.3f} IoU>0.5: {ap50:.3f}")
    with torch.no_grad():
        example = to_corners(model(img[:1]))[0] * img.shape[-1]
    print("example box, corners in pixels:", [round(v, 1) for v in example.tolist()])
    print(f"val mean IoU {miou:.3f}")


if __name__ == "__main__":
    main()
