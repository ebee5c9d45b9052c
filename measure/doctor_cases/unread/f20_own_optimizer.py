"""Regression on the Friedman function with a home-made heavy-ball optimizer."""
import torch
import torch.nn as nn
from sklearn.datasets import make_friedman1
from sklearn.preprocessing import StandardScaler
from torch.optim import Optimizer

SEED = 29
torch.manual_seed(SEED)


class HeavyBall(Optimizer):
    def __init__(self, params, lr=0.01, momentum=0.9, weight_decay=0.0):
        super().__init__(params, dict(lr=lr, momentum=momentum, weight_decay=weight_decay))

    @torch.no_grad()
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is None:
                    continue
                state = self.state[p]
                if "velocity" not in state:
                    state["velocity"] = p.grad
                else:
                    state["velocity"].mul_(group["momentum"]).add_(p.grad)
                if group["weight_decay"]:
                    p.mul_(1 - group["lr"] * group["weight_decay"])
                p.add_(state["velocity"], alpha=-group["lr"])


def make_data(n_train=1000, n_test=400):
    X, y = make_friedman1(n_samples=n_train + n_test, n_features=10, noise=0.5, random_state=SEED)
    xs = StandardScaler().fit(X[:n_train])
    ys = StandardScaler().fit(y[:n_train, None])
    X = torch.tensor(xs.transform(X), dtype=torch.float32)
    y = torch.tensor(ys.transform(y[:, None]), dtype=torch.float32)
    return X[:n_train], y[:n_train], X[n_train:], y[n_train:]


def make_model():
    return nn.Sequential(nn.Linear(10, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))


@torch.no_grad()
def r2(model, x, y):
    model.eval()
    residual = (y - model(x)).pow(2).sum()
    return (1 - residual / (y - y.mean()).pow(2).sum()).item()


def main():
    x_train, y_train, x_test, y_test = make_data()
    model = make_model()
    opt = HeavyBall(model.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    loss_fn = nn.MSELoss()
    epochs, batch = 40, 50
    for epoch in range(1, epochs + 1):
        if epoch == 32:
            for group in opt.param_groups:
                group["lr"] *= 0.2
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x_train)).split(batch):
            opt.zero_grad(set_to_none=False)
            loss = loss_fn(model(x_train[idx]), y_train[idx])
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        if epoch % 4 == 0:
            print(f"epoch {epoch:2d} train mse {total / len(x_train):.4f} test R2 {r2(model, x_test, y_test):.4f}")
    print(f"final test R2 {r2(model, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
