# Responder / non-responder from expression profiles (simulated cohort until the real
# one is released). A handful of genes matter, all the rest is background.
import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

config = {
    "n_patients": 120,
    "n_val": 1000,
    "n_genes": 300,
    "n_informative": 8,
    "hidden": 128,
    "lr": 1e-3,
    "epochs": 12,
    "batch": 32,
    "seed": 17,
}


def simulate(cfg):
    rng = np.random.default_rng(cfg["seed"])
    w = np.zeros(cfg["n_genes"])
    w[rng.choice(cfg["n_genes"], cfg["n_informative"], replace=False)] = \
        rng.choice([-1.0, 1.0], cfg["n_informative"])

    def cohort(n):
        x = rng.normal(size=(n, cfg["n_genes"]))
        score = x @ w + 0.3 * rng.normal(size=n)
        return torch.tensor(x, dtype=torch.float32), torch.tensor(score > 0, dtype=torch.long)

    val = cohort(cfg["n_val"])
    return cohort(cfg["n_patients"]), val


class ExprNet(nn.Module):
    def __init__(self, d, h):
        super().__init__()
        self.fc1 = nn.Linear(d, h)
        self.fc2 = nn.Linear(h, h)
        self.fc3 = nn.Linear(h, 2)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        return self.fc3(x)


def evaluate(model, x, y):
    model.eval()
    with torch.no_grad():
        out = model(x)
    return F.cross_entropy(out, y).item(), (out.argmax(1) == y).float().mean().item()


def fit(cfg):
    torch.manual_seed(cfg["seed"])
    (x, y), (xv, yv) = simulate(cfg)
    print("train", tuple(x.shape), "val", tuple(xv.shape), "positives %.2f" % y.float().mean())
    model = ExprNet(cfg["n_genes"], cfg["hidden"])
    print("parameters:", sum(p.numel() for p in model.parameters()))
    opt = torch.optim.Adam(model.parameters(), lr=cfg["lr"])
    n_steps = 0
    for epoch in range(cfg["epochs"]):
        model.train()
        perm = torch.randperm(len(x))
        for i in range(0, len(x), cfg["batch"]):
            b = perm[i:i + cfg["batch"]]
            opt.zero_grad()
            loss = F.cross_entropy(model(x[b]), y[b])
            loss.backward()
            opt.step()
            n_steps += 1
        if epoch % 2 == 1:
            tl, ta = evaluate(model, x, y)
            vl, va = evaluate(model, xv, yv)
            print(f"epoch {epoch + 1:3d}: train loss {tl:.4f} acc {ta:.3f} | "
                  f"val loss {vl:.4f} acc {va:.3f}")
    return model


if __name__ == "__main__":
    # hidden 512 and 1024 make the training curve even better, validation does not move
    fit(config)
