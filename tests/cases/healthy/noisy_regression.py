import torch
from sklearn.datasets import load_diabetes
from torch import nn
from torch.utils.data import DataLoader, TensorDataset, random_split

torch.manual_seed(15)
data = load_diabetes()
X = torch.tensor(data.data / data.data.std(0), dtype=torch.float32)
y = torch.tensor((data.target - data.target.mean()) / data.target.std(), dtype=torch.float32).unsqueeze(1)
train, valid = random_split(TensorDataset(X, y), [350, 92])
loader, check = DataLoader(train, batch_size=25, shuffle=True), DataLoader(valid, batch_size=92)
model = nn.Sequential(nn.Linear(10, 16), nn.ReLU(), nn.Linear(16, 1))
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3, weight_decay=1e-3)
scheduler = torch.optim.lr_scheduler.StepLR(optimizer, step_size=10, gamma=0.5)
best, state = float("inf"), None
for _epoch in range(30):
    model.train()
    for xb, yb in loader:
        loss = nn.functional.mse_loss(model(xb), yb)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    scheduler.step()
    model.eval()
    with torch.no_grad():
        value = sum(nn.functional.mse_loss(model(xb), yb).item() for xb, yb in check)
    if value < best:
        best, state = value, {name: tensor.clone() for name, tensor in model.state_dict().items()}
model.load_state_dict(state)
print(best)
