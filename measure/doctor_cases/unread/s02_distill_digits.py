"""Distil a wide digit classifier into a narrow one on a few labelled and many unlabelled images."""
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 12
torch.manual_seed(SEED)
T, ALPHA, BATCH = 4.0, 0.9, 64


class MLP(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(64, width), nn.LayerNorm(width), nn.GELU(),
                                  nn.Linear(width, width), nn.LayerNorm(width), nn.GELU())
        self.head = nn.Linear(width, 10)

    def forward(self, x):
        return self.head(self.body(x))


def distil_loss(student_logits, teacher_logits, y, labelled):
    soft = F.kl_div(F.log_softmax(student_logits / T, dim=1), F.log_softmax(teacher_logits / T, dim=1),
                    reduction="batchmean", log_target=True) * T * T
    if labelled.any():
        hard = F.cross_entropy(student_logits[labelled], y[labelled])
    else:
        hard = student_logits.new_zeros(())
    return ALPHA * soft + (1 - ALPHA) * hard


def accuracy(model, x, y):
    with torch.no_grad():
        return (model(x).argmax(1) == y).float().mean().item()


def fit(model, x, y, epochs, loss_fn, lr=2e-3, name=""):
    opt = torch.optim.AdamW(model.parameters(), lr=lr)
    model.train()
    for epoch in range(1, epochs + 1):
        total = 0.0
        for idx in torch.randperm(len(x)).split(BATCH):
            loss = loss_fn(model(x[idx]), idx)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if epoch % 5 == 0:
            print(f"{name} epoch {epoch:2d} loss {total / len(x):.4f}")
    return model


def main():
    X, y = load_digits(return_X_y=True)
    X = torch.tensor(X / 16.0, dtype=torch.float32) - 0.3
    y = torch.tensor(y)
    tr, te = train_test_split(range(len(X)), test_size=0.3, random_state=SEED, stratify=y.numpy())
    x_train, y_train, x_test, y_test = X[tr], y[tr], X[te], y[te]

    teacher = fit(MLP(160), x_train, y_train, 15,
                  lambda out, idx: F.cross_entropy(out, y_train[idx]), name="teacher")
    print(f"teacher test accuracy {accuracy(teacher, x_test, y_test):.4f}")
    for p in teacher.parameters():
        p.requires_grad_(False)

    labelled = torch.zeros(len(x_train), dtype=torch.bool)
    labelled[torch.randperm(len(x_train))[:80]] = True
    targets = torch.where(labelled, y_train, torch.full_like(y_train, -1))

    student = fit(MLP(20), x_train, targets, 30,
                  lambda out, idx: distil_loss(out, teacher(x_train[idx]), targets[idx], labelled[idx]),
                  name="student")
    alone = fit(MLP(20), x_train[labelled], y_train[labelled], 60,
                lambda out, idx: F.cross_entropy(out, y_train[labelled][idx]), name="labels only")
    print(f"student from 80 labels alone {accuracy(alone, x_test, y_test):.4f}")
    print(f"distilled student test accuracy {accuracy(student, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
