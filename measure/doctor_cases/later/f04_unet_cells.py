import random

import numpy as np
import torch
import torch.nn as nn
from torch.utils.data import DataLoader, Dataset


class RandomFlip:
    """Random horizontal and vertical mirroring of a (C, H, W) tensor."""

    def __call__(self, x):
        if random.random() < 0.5:
            x = x.flip(-1)
        if random.random() < 0.5:
            x = x.flip(-2)
        return x


class CellDataset(Dataset):
    """Grey microscope-like images (uint8) with the mask files as saved by the annotation tool."""

    def __init__(self, n, size=32, seed=0, transform=None):
        self.transform = transform
        rng = np.random.default_rng(seed)
        yy, xx = np.mgrid[:size, :size]
        self.images, self.masks = [], []
        for _ in range(n):
            mask = np.zeros((size, size), bool)
            for _ in range(rng.integers(1, 4)):
                cy, cx = rng.uniform(5, size - 5, 2)
                r = rng.uniform(3, 6)
                mask |= (yy - cy) ** 2 + (xx - cx) ** 2 < r ** 2
            img = 90 + 45 * mask + rng.normal(0, 30, mask.shape) + 20 * np.sin(xx / 6 + rng.uniform(0, 6))
            self.images.append(np.clip(img, 0, 255).astype(np.uint8))
            self.masks.append((mask * 255).astype(np.uint8))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        image = torch.from_numpy(self.images[i]).float()[None] / 255.0
        mask = torch.from_numpy(self.masks[i]).float()[None] / 255.0
        if self.transform is not None:
            image = self.transform(image)
            mask = self.transform(mask)
        return (image - 0.4) / 0.15, mask


def block(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True),
                         nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


class UNet(nn.Module):
    def __init__(self, base=8):
        super().__init__()
        self.down1 = block(1, base)
        self.down2 = block(base, base * 2)
        self.bottom = block(base * 2, base * 4)
        self.up2 = nn.ConvTranspose2d(base * 4, base * 2, 2, stride=2)
        self.dec2 = block(base * 4, base * 2)
        self.up1 = nn.ConvTranspose2d(base * 2, base, 2, stride=2)
        self.dec1 = block(base * 2, base)
        self.head = nn.Conv2d(base, 1, 1)
        self.pool = nn.MaxPool2d(2)

    def forward(self, x):
        d1 = self.down1(x)
        d2 = self.down2(self.pool(d1))
        b = self.bottom(self.pool(d2))
        u2 = self.dec2(torch.cat([self.up2(b), d2], 1))
        u1 = self.dec1(torch.cat([self.up1(u2), d1], 1))
        return self.head(u1)


def dice_score(logits, mask):
    pred = (torch.sigmoid(logits) > 0.5).float()
    truth = (mask > 0).float()
    inter = (pred * truth).sum()
    return (2 * inter / (pred.sum() + truth.sum() + 1e-6)).item()


def main():
    torch.manual_seed(0)
    random.seed(0)
    train_loader = DataLoader(CellDataset(200, seed=1, transform=RandomFlip()), batch_size=16, shuffle=True)
    val_loader = DataLoader(CellDataset(60, seed=2), batch_size=30)
    model = UNet()
    criterion = nn.BCEWithLogitsLoss()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    for epoch in range(8):
        model.train()
        losses = []
        for image, mask in train_loader:
            optimizer.zero_grad()
            loss = criterion(model(image), mask)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
        model.eval()
        with torch.no_grad():
            val = np.mean([dice_score(model(i), m) for i, m in val_loader])
        print(f"Epoch {epoch}: loss={np.mean(losses):.4f} val_dice={val:.4f}")
    print(f"final val dice {val:.3f}")


if __name__ == "__main__":
    main()
