import torch
from torch import nn

torch.manual_seed(115)


class Hyper:
    lr = 0.2
    batch = 64
    steps = 500
    d_model = 32
    heads = 4


LENGTH, SYMBOLS = 10, 8


def most_common(n):
    """The symbol that occurs most often (planted five times)."""
    x = torch.randint(SYMBOLS, (n, LENGTH))
    y = torch.randint(SYMBOLS, (n,))
    where = torch.rand(n, LENGTH).argsort(dim=1)[:, :5]
    return x.scatter(1, where, y[:, None].expand(-1, 5)), y


class Model(nn.Module):
    def __init__(self, hp):
        super().__init__()
        self.embed = nn.Embedding(SYMBOLS, hp.d_model)
        self.attend = nn.MultiheadAttention(hp.d_model, hp.heads, batch_first=True)
        self.norm = nn.LayerNorm(hp.d_model)
        self.mlp = nn.Sequential(nn.Linear(hp.d_model, 64), nn.ReLU(), nn.Linear(64, hp.d_model))
        self.out = nn.Linear(hp.d_model, SYMBOLS)

    def forward(self, x):
        e = self.embed(x)
        e = self.norm(e + self.attend(e, e, e, need_weights=False)[0])
        e = e + self.mlp(e)
        return self.out(e.mean(dim=1))


hp = Hyper()
model = Model(hp)
optimizer = torch.optim.Adam(model.parameters(), lr=hp.lr)
for step in range(hp.steps):
    x, y = most_common(hp.batch)
    loss = nn.functional.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 100 == 99:
        print("step", step + 1, "loss", round(loss.item(), 3))

with torch.no_grad():
    x, y = most_common(1000)
    print("accuracy", (model(x).argmax(1) == y).float().mean().item())
