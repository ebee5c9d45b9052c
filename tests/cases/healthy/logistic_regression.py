import torch
from sklearn.datasets import load_breast_cancer
from torch import nn

torch.manual_seed(17)
data = load_breast_cancer()
X = torch.tensor((data.data - data.data.mean(0)) / data.data.std(0), dtype=torch.float32)
y = torch.tensor(data.target, dtype=torch.float32)
model = nn.Linear(30, 1)
optimizer = torch.optim.LBFGS(model.parameters(), lr=0.5, max_iter=10)


def closure():
    optimizer.zero_grad()
    loss = nn.functional.binary_cross_entropy_with_logits(model(X[:400]).squeeze(1), y[:400])
    loss = loss + 1e-3 * model.weight.pow(2).sum()
    loss.backward()
    return loss


for _step in range(12):
    optimizer.step(closure)
with torch.no_grad():
    print(((model(X[400:]).squeeze(1) > 0) == (y[400:] > 0.5)).float().mean().item())
