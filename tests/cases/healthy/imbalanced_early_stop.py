import copy

import torch
from sklearn.datasets import make_classification
from torch import nn

torch.manual_seed(28)
X, y = make_classification(1200, n_features=12, n_informative=6, weights=[0.9], random_state=3)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y, dtype=torch.float32)
model = nn.Sequential(nn.Linear(12, 48), nn.ReLU(), nn.Linear(48, 1))
criterion = nn.BCEWithLogitsLoss(pos_weight=torch.tensor(4.0))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
best, kept, waited = float("inf"), None, 0
for _epoch in range(60):
    for index in torch.randperm(900).split(32):
        optimizer.zero_grad()
        criterion(model(X[index]).squeeze(1), y[index]).backward()
        optimizer.step()
    with torch.no_grad():
        value = criterion(model(X[900:]).squeeze(1), y[900:]).item()
    if value < best:
        best, kept, waited = value, copy.deepcopy(model.state_dict()), 0
    else:
        waited += 1
    if waited > 5:
        break
model.load_state_dict(kept)
print(best)
