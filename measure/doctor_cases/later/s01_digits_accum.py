"""MLP on digits. Micro-batches of 16, effective batch 64 (gradient accumulation)."""
import argparse

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.utils.data import DataLoader, TensorDataset


def get_args():
    p = argparse.ArgumentParser()
    p.add_argument("--epochs", type=int, default=14)
    p.add_argument("--micro-batch", type=int, default=16)
    p.add_argument("--accum", type=int, default=4)
    p.add_argument("--lr", type=float, default=3e-3)
    p.add_argument("--wd", type=float, default=0.05)
    p.add_argument("--clip", type=float, default=0.5)
    p.add_argument("--seed", type=int, default=0)
    return p.parse_args()


def param_groups(model, wd):
    decay, no_decay = [], []
    for _, p in model.named_parameters():
        (decay if p.ndim >= 2 else no_decay).append(p)
    return [{"params": decay, "weight_decay": wd}, {"params": no_decay, "weight_decay": 0.0}]


@torch.no_grad()
def evaluate(model, x, y):
    model.eval()
    logits = model(x)
    model.train()
    return nn.functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


def main():
    args = get_args()
    np.random.seed(args.seed)
    torch.manual_seed(args.seed)
    X, y = load_digits(return_X_y=True)
    X = (X / 16.0).astype(np.float32)
    Xtr, Xte, ytr, yte = train_test_split(X, y, train_size=1408, stratify=y, random_state=args.seed)
    mean = Xtr.mean()
    std = Xtr.std()
    Xtr, Xte = torch.tensor((Xtr - mean) / std), torch.tensor((Xte - mean) / std)
    ytr, yte = torch.tensor(ytr), torch.tensor(yte)
    loader = DataLoader(TensorDataset(Xtr, ytr), batch_size=args.micro_batch, shuffle=True)
    assert len(loader) % args.accum == 0

    model = nn.Sequential(nn.Linear(64, 128), nn.LayerNorm(128), nn.GELU(), nn.Dropout(0.3),
                          nn.Linear(128, 128), nn.LayerNorm(128), nn.GELU(), nn.Dropout(0.3),
                          nn.Linear(128, 10))
    opt = torch.optim.AdamW(param_groups(model, args.wd), lr=args.lr)
    total = args.epochs * len(loader) // args.accum
    warm = total // 20
    sched = torch.optim.lr_scheduler.LambdaLR(
        opt, lambda s: (s + 1) / warm if s < warm
        else 0.5 * (1 + np.cos(np.pi * (s - warm) / (total - warm))))

    model.train()
    for epoch in range(args.epochs):
        running, clipped, steps = 0.0, 0, 0
        opt.zero_grad()
        for i, (xb, yb) in enumerate(loader):
            loss = nn.functional.cross_entropy(model(xb), yb)
            (loss / args.accum).backward()
            running += loss.item()
            if (i + 1) % args.accum == 0:
                norm = nn.utils.clip_grad_norm_(model.parameters(), args.clip)
                clipped += int(norm > args.clip)
                steps += 1
                opt.step()
                sched.step()
                opt.zero_grad()
        if epoch % 2 == 0 or epoch == args.epochs - 1:
            vl, va = evaluate(model, Xte, yte)
            print(f"epoch {epoch:2d} train {running / len(loader):.4f} clipped {clipped}/{steps} "
                  f"test loss {vl:.4f} acc {va:.4f}")
    vl, va = evaluate(model, Xte, yte)
    print(f"final test loss {vl:.4f} accuracy {va:.4f}")


if __name__ == "__main__":
    main()
