# Mini U-Net on synthetic cell images, dice loss (the classes are imbalanced, people say
# dice is better than cross entropy then).
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(5)
np.random.seed(5)
SIZE = 32


def make_image():
    yy, xx = np.mgrid[:SIZE, :SIZE]
    mask = np.zeros((SIZE, SIZE), dtype=np.int64)
    for _ in range(np.random.randint(1, 4)):
        cy, cx = np.random.randint(5, SIZE - 5, 2)
        r = np.random.randint(3, 7)
        mask |= ((yy - cy) ** 2 + (xx - cx) ** 2 < r * r).astype(np.int64)
    img = 0.25 + 0.45 * mask + 0.15 * np.random.randn(SIZE, SIZE)
    return img.astype(np.float32), mask


def make_set(n):
    imgs, masks = zip(*[make_image() for _ in range(n)])
    x = torch.from_numpy(np.stack(imgs)).unsqueeze(1)
    return TensorDataset((x - 0.35) / 0.25, torch.from_numpy(np.stack(masks)))


def double_conv(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU(),
                         nn.Conv2d(cout, cout, 3, padding=1), nn.BatchNorm2d(cout), nn.ReLU())


class MiniUNet(nn.Module):
    def __init__(self, n_classes=2):
        super().__init__()
        self.d1 = double_conv(1, 8)
        self.d2 = double_conv(8, 16)
        self.mid = double_conv(16, 32)
        self.u2 = double_conv(32 + 16, 16)
        self.u1 = double_conv(16 + 8, 8)
        self.last = nn.Conv2d(8, n_classes, 1)

    def forward(self, x):
        a = self.d1(x)
        b = self.d2(F.max_pool2d(a, 2))
        c = self.mid(F.max_pool2d(b, 2))
        c = F.interpolate(c, scale_factor=2, mode="nearest")
        b = self.u2(torch.cat([c, b], 1))
        b = F.interpolate(b, scale_factor=2, mode="nearest")
        return self.last(self.u1(torch.cat([b, a], 1)))


def dice_coef(pred, target, smooth=1.0):
    pred = pred.reshape(pred.size(0), -1)
    target = target.reshape(target.size(0), -1).float()
    inter = (pred * target).sum(1)
    return ((2 * inter + smooth) / (pred.sum(1) + target.sum(1) + smooth)).mean()


class DiceLoss(nn.Module):
    def forward(self, logits, target):
        prob = torch.softmax(logits, dim=1)
        pred = prob.argmax(dim=1).float()
        loss = 1 - dice_coef(pred, target)
        loss.requires_grad_(True)
        return loss


train_dl = DataLoader(make_set(256), batch_size=16, shuffle=True)
val_dl = DataLoader(make_set(64), batch_size=32)
net = MiniUNet()
crit = DiceLoss()
opt = torch.optim.Adam(net.parameters(), lr=3e-3)

for epoch in range(8):
    net.train()
    tot = 0.0
    for img, mask in train_dl:
        opt.zero_grad()
        loss = crit(net(img), mask)
        loss.backward()
        opt.step()
        tot += loss.item()
    net.eval()
    with torch.no_grad():
        d, acc = [], []
        for img, mask in val_dl:
            hard = net(img).argmax(1)
            d.append(dice_coef(hard.float(), mask).item())
            acc.append((hard == mask).float().mean().item())
    print(f"epoch {epoch + 1}: train dice loss {tot / len(train_dl):.4f}  "
          f"val dice {np.mean(d):.4f}  pixel acc {np.mean(acc):.4f}")
