"""Small U-Net that segments discs and bars on noisy images."""
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, Dataset

SEED = 11
torch.manual_seed(SEED)
np.random.seed(SEED)

SIZE, CLASSES, EPOCHS, BATCH = 32, 3, 8, 14


def draw(n):
    yy, xx = np.mgrid[0:SIZE, 0:SIZE]
    images = np.zeros((n, 1, SIZE, SIZE), np.float32)
    masks = np.zeros((n, SIZE, SIZE), np.int64)
    for i in range(n):
        cy, cx = np.random.randint(7, 25, 2)
        r = np.random.randint(4, 8)
        disc = (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
        top, left = np.random.randint(2, 22, 2)
        bar = (yy >= top) & (yy < top + 4) & (xx >= left) & (xx < left + 9)
        masks[i][disc] = 1
        masks[i][bar] = 2
        images[i, 0] = 0.6 * disc + 1.0 * bar + 0.35 * np.random.randn(SIZE, SIZE)
    return torch.from_numpy(images), torch.from_numpy(masks)


class RandomFlip:
    def __init__(self, p=0.5):
        self.p = p

    def __call__(self, t):
        if torch.rand(1).item() < self.p:
            t = t.flip(-1)
        if torch.rand(1).item() < self.p:
            t = t.flip(-2)
        return t


class ShapeSet(Dataset):
    def __init__(self, images, masks, transform=None):
        self.images, self.masks, self.transform = images, masks, transform

    def __len__(self):
        return len(self.images)

    def __getitem__(self, i):
        sample = {"image": self.images[i], "mask": self.masks[i][None]}
        if self.transform is not None:
            sample = {k: self.transform(v) for k, v in sample.items()}
        return sample["image"], sample["mask"][0]


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU(),
                         nn.Conv2d(o, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class UNet(nn.Module):
    def __init__(self, w=8):
        super().__init__()
        self.d1, self.d2, self.mid = block(1, w), block(w, 2 * w), block(2 * w, 4 * w)
        self.u2, self.u1 = block(6 * w, 2 * w), block(3 * w, w)
        self.out = nn.Conv2d(w, CLASSES, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.mid(F.max_pool2d(b, 2))
        b = self.u2(torch.cat([F.interpolate(c, scale_factor=2), b], 1))
        a = self.u1(torch.cat([F.interpolate(b, scale_factor=2), a], 1))
        return self.out(a)


def miou(model, images, masks):
    model.eval()
    with torch.no_grad():
        pred = model(images).argmax(1)
    scores = []
    for c in range(1, CLASSES):
        inter = ((pred == c) & (masks == c)).sum().item()
        union = ((pred == c) | (masks == c)).sum().item()
        scores.append(inter / max(union, 1))
    return float(np.mean(scores))


train_set = ShapeSet(*draw(280), transform=RandomFlip())
test_images, test_masks = draw(120)
loader = DataLoader(train_set, batch_size=BATCH, shuffle=True)
model = UNet()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(EPOCHS):
    model.train()
    total = 0.0
    for x, y in loader:
        loss = F.cross_entropy(model(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    print(f"epoch {epoch + 1} loss {total / len(loader):.4f} mIoU {miou(model, test_images, test_masks):.3f}")
print(f"final test mIoU {miou(model, test_images, test_masks):.4f}")
