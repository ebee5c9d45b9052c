import copy

import torch
from sklearn.datasets import make_moons
from torch import nn

torch.manual_seed(231)


class Averaged:
    """Exponential average of a model's weights."""

    def __init__(self, model, decay=0.98):
        self.module = copy.deepcopy(model).requires_grad_(False)
        self.decay = decay

    @torch.no_grad()
    def update(self, model):
        for slow, fast in zip(self.module.parameters(), model.parameters(), strict=True):
            slow.lerp_(fast, 1 - self.decay)


def get(n, seed):
    X, y = make_moons(n, noise=0.2, random_state=seed)
    return torch.tensor(X, dtype=torch.float32), torch.tensor(y)


x_train, y_train = get(600, 3)
x_val, y_val = get(300, 4)
x_test, y_test = get(600, 5)
model = nn.Sequential(nn.Linear(2, 40), nn.ReLU(), nn.Linear(40, 40), nn.ReLU(), nn.Linear(40, 2))
average = Averaged(model)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

best_state, best_loss = None, float("inf")
for epoch in range(40):
    for idx in torch.randperm(600).split(40):
        loss = nn.functional.cross_entropy(model(x_train[idx]), y_train[idx])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        average.update(model)
    with torch.no_grad():
        val = nn.functional.cross_entropy(average.module(x_val), y_val).item()
    if val < best_loss:
        best_loss, best_state = val, copy.deepcopy(average.module.state_dict())
    if epoch % 10 == 9:
        print("epoch", epoch + 1, "val", round(val, 4))

average.module.load_state_dict(best_state)
with torch.no_grad():
    print("accuracy", (average.module(x_test).argmax(1) == y_test).float().mean().item())
