"""Single-object detector: a small CNN regresses one box per image."""
import argparse
import os
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.utils.data import DataLoader

sys.path.insert(0, os.path.splitext(os.path.abspath(__file__))[0])
from detlib import BoxDataset, box_iou, denormalise


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--seed", type=int, default=9)
    p.add_argument("--height", type=int, default=24)
    p.add_argument("--width", type=int, default=40)
    p.add_argument("--epochs", type=int, default=14)
    p.add_argument("--batch-size", type=int, default=32)
    p.add_argument("--lr", type=float, default=3e-3)
    return p.parse_args()


class Detector(nn.Module):
    def __init__(self, height, width, channels=16):
        super().__init__()
        self.backbone = nn.Sequential(
            nn.Conv2d(1, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU(), nn.MaxPool2d(2))
        flat = channels * (height // 4) * (width // 4)
        self.head = nn.Sequential(nn.Flatten(), nn.Linear(flat, 64), nn.ReLU(), nn.Linear(64, 4))

    def forward(self, x):
        return torch.sigmoid(self.head(self.backbone(x)))


@torch.no_grad()
def mean_iou(model, loader):
    model.eval()
    scores = []
    for images, boxes in loader:
        pred = denormalise(model(images), images)
        true = denormalise(boxes, images)
        scores.append(box_iou(pred, true))
    return torch.cat(scores).mean().item()


def train_epoch(model, loader, opt):
    model.train()
    total = 0.0
    for images, boxes in loader:
        loss = F.smooth_l1_loss(model(images), boxes, beta=0.05)
        opt.zero_grad()
        loss.backward()
        opt.step()
        total += loss.item()
    return total / len(loader)


def main():
    args = get_args()
    torch.manual_seed(args.seed)
    size = (args.height, args.width)
    train = DataLoader(BoxDataset(800, size, args.seed), batch_size=args.batch_size, shuffle=True)
    test = DataLoader(BoxDataset(250, size, args.seed + 100), batch_size=125)
    model = Detector(*size)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=args.epochs)
    for epoch in range(args.epochs):
        loss = train_epoch(model, train, opt)
        sched.step()
        print(f"epoch {epoch + 1:2d} loss {loss:.4f} test IoU {mean_iou(model, test):.3f}")
    print(f"mean IoU on the test images {mean_iou(model, test):.4f}")


if __name__ == "__main__":
    main()
