import torch
from sklearn.datasets import make_friedman2
from sklearn.preprocessing import StandardScaler
from torch import nn


class RobustRegression:
    """Regression with a pseudo-Huber loss, sklearn style."""

    def __init__(self, hidden=48, lr=5e-3, epochs=30, delta=1.0, seed=0):
        self.hidden, self.lr, self.epochs, self.delta, self.seed = hidden, lr, epochs, delta, seed

    def _loss(self, prediction, target):
        residual = (prediction - target) / self.delta
        return (self.delta**2 * ((1 + residual**2).sqrt() - 1)).mean()

    def fit(self, X, y):
        torch.manual_seed(self.seed)
        self.net = nn.Sequential(
            nn.Linear(X.shape[1], self.hidden),
            nn.SiLU(),
            nn.Linear(self.hidden, self.hidden),
            nn.SiLU(),
            nn.Linear(self.hidden, 1),
        )
        optimizer = torch.optim.Adam(self.net.parameters(), lr=self.lr)
        for epoch in range(self.epochs):
            for idx in torch.randperm(len(X)).split(64):
                loss = self._loss(self.net(X[idx]), y[idx])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            if epoch % 10 == 0:
                print("epoch", epoch, "loss", round(loss.item(), 4))
        return self

    def predict(self, X):
        with torch.no_grad():
            return self.net(X)

    def score(self, X, y):
        error = (self.predict(X).reshape(-1) - y).square().mean()
        return 1 - (error / y.var()).item()


X, y = make_friedman2(1400, noise=20, random_state=6)
X = torch.tensor(StandardScaler().fit_transform(X), dtype=torch.float32)
y = torch.tensor((y - y.mean()) / y.std(), dtype=torch.float32)
model = RobustRegression().fit(X[:1000], y[:1000])
print("score", model.score(X[1000:], y[1000:]))
