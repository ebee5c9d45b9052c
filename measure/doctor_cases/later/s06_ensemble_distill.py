"""Distil a vmapped ensemble of teachers into one small student (soft targets, T=3)."""
import copy

import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch.func import functional_call, stack_module_state, vmap

torch.manual_seed(2)
N_TEACHERS, T, ALPHA = 4, 3.0, 0.9

X, y = load_digits(return_X_y=True)
Xtr, Xte, ytr, yte = train_test_split(X, y, test_size=400, random_state=2, stratify=y)
Xtr, Xte = [torch.tensor(a / 8 - 1, dtype=torch.float32) for a in (Xtr, Xte)]
ytr, yte = torch.tensor(ytr), torch.tensor(yte)


def mlp(width):
    return nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width), nn.ReLU(), nn.Linear(width, 10))


teachers = [mlp(128) for _ in range(N_TEACHERS)]
params, buffers = stack_module_state(teachers)
skeleton = copy.deepcopy(teachers[0]).to("meta")


def call_one(p, b, x):
    return functional_call(skeleton, (p, b), (x,))


def ensemble_logits(x):
    return vmap(call_one, in_dims=(0, 0, None))(params, buffers, x)      # (E, B, 10)


def train_teachers(epochs=20, bs=64):
    opt = torch.optim.AdamW(list(params.values()), lr=4e-3, weight_decay=0.05)
    for ep in range(epochs):
        for idx in torch.randperm(len(Xtr)).split(bs):
            noisy = Xtr[idx] + 0.2 * torch.randn(len(idx), 64)
            logits = ensemble_logits(noisy)
            target = ytr[idx].expand(N_TEACHERS, -1)
            # sum over members, so that each gets its own mean-loss gradient
            loss = F.cross_entropy(logits.flatten(0, 1), target.flatten()) * N_TEACHERS
            opt.zero_grad()
            loss.backward()
            opt.step()
        if ep % 6 == 0 or ep == epochs - 1:
            print(f"teachers epoch {ep:2d} loss {loss.item() / N_TEACHERS:.4f}")


def train_student(student, epochs=36, bs=64):
    opt = torch.optim.Adam(student.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, epochs)
    with torch.no_grad():
        soft = (ensemble_logits(Xtr) / T).softmax(-1).mean(0)     # the teachers do not change any more
    for ep in range(epochs):
        tot_kd = tot_ce = 0.0
        for idx in torch.randperm(len(Xtr)).split(bs):
            logits = student(Xtr[idx] + 0.2 * torch.randn(len(idx), 64))
            kd = F.kl_div(F.log_softmax(logits / T, -1), soft[idx], reduction="batchmean") * T * T
            ce = F.cross_entropy(logits, ytr[idx])
            loss = ALPHA * kd + (1 - ALPHA) * ce
            opt.zero_grad()
            loss.backward()
            opt.step()
            tot_kd += kd.item() * len(idx)
            tot_ce += ce.item() * len(idx)
        sched.step()
        if ep % 10 == 0 or ep == epochs - 1:
            print(f"student epoch {ep:2d} kd {tot_kd / len(Xtr):.4f} ce {tot_ce / len(Xtr):.4f}")


train_teachers()
with torch.no_grad():
    ens = ensemble_logits(Xte).softmax(-1).mean(0)
    teacher_acc = (ens.argmax(1) == yte).float().mean().item()
print(f"teacher ensemble test accuracy {teacher_acc:.4f}")
student = mlp(64)
train_student(student)
with torch.no_grad():
    pred = student(Xte).argmax(1)
print(f"student test accuracy {(pred == yte).float().mean():.4f} agreement with teachers {(pred == ens.argmax(1)).float().mean():.4f}")
