import io

import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(124)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16, dtype=torch.float32)
y = torch.tensor(y)


def make_encoder():
    return nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 6), nn.Tanh())


class AutoEncoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder = make_encoder()
        self.decoder = nn.Sequential(nn.Linear(6, 64), nn.ReLU(), nn.Linear(64, 64))

    def forward(self, x):
        return self.decoder(self.encoder(x))


def pretrain(epochs=30):
    model = AutoEncoder()
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for epoch in range(epochs):
        for idx in torch.randperm(1300).split(50):
            loss = nn.functional.mse_loss(model(X[idx]), X[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        if epoch % 10 == 9:
            print("pretraining", epoch + 1, round(loss.item(), 4))
    file = io.BytesIO()
    torch.save(model.state_dict(), file)
    file.seek(0)
    return file


state = torch.load(pretrain())
backbone = make_encoder()
backbone.load_state_dict(state, strict=False)
for p in backbone.parameters():
    p.requires_grad_(False)

head = nn.Linear(6, 10)
optimizer = torch.optim.Adam(head.parameters(), lr=1e-2)
few_x, few_y = X[:200], y[:200]
for step in range(400):
    loss = nn.functional.cross_entropy(head(backbone(few_x)), few_y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        print("head", step + 1, round(loss.item(), 4))

with torch.no_grad():
    print("accuracy", (head(backbone(X[1300:])).argmax(1) == y[1300:]).float().mean().item())
