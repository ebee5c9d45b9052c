import torch
from sklearn.datasets import load_digits
from sklearn.preprocessing import StandardScaler
from torch import nn

torch.manual_seed(0)
X, y = load_digits(return_X_y=True)
X = torch.tensor(StandardScaler().fit_transform(X), dtype=torch.float32)
y = torch.tensor(y)
perm = torch.randperm(len(X), generator=torch.Generator().manual_seed(0))
tr, te = perm[:1300], perm[1300:]


class Block(nn.Module):
    def __init__(self, n_in, n_out, drop):
        super().__init__()
        self.drop = drop
        self.linear = nn.Linear(n_in, n_out)
        self.act = nn.GELU()

    def forward(self, x):
        x = self.act(self.linear(x))
        return nn.Dropout(self.drop)(x)


class Wide(nn.Module):
    def __init__(self, drop=0.5):
        super().__init__()
        self.blocks = nn.Sequential(Block(64, 80, drop), Block(80, 64, drop))
        self.readout = nn.Linear(64, 10)

    def forward(self, x):
        return self.readout(self.blocks(x))


model = Wide()
opt = torch.optim.Adam(model.parameters(), lr=3e-3)
loss_fn = nn.CrossEntropyLoss()

for step in range(1, 1501):
    model.train()
    batch = tr[torch.randint(len(tr), (64,))]
    loss = loss_fn(model(X[batch]), y[batch])
    opt.zero_grad()
    loss.backward()
    opt.step()
    if step % 500 == 0:
        print(step, round(loss.item(), 3))

model.eval()
with torch.no_grad():
    print("test loss:", loss_fn(model(X[te]), y[te]).item())
