import torch
from sklearn.datasets import load_digits
from torch import nn

torch.manual_seed(101)
X, y = load_digits(return_X_y=True)
X = torch.tensor(X / 16, dtype=torch.float32)
y = torch.tensor(y)
mask = torch.rand(len(X)) < 0.75


class Mlp(nn.Module):
    def __init__(self, n_in, n_hidden, n_out):
        super().__init__()
        self.layer1 = nn.Linear(n_in, n_hidden)
        self.layer2 = nn.Linear(n_hidden, n_hidden)
        self.layer3 = nn.Linear(n_hidden, n_out)
        self.apply(self.init_weights)

    @staticmethod
    def init_weights(module):
        if isinstance(module, nn.Linear):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)

    def forward(self, x):
        x = torch.relu(self.layer1(x))
        x = torch.relu(self.layer2(x))
        return self.layer3(x)


def loop(model, optimizer, epochs=15):
    inputs, targets = X[mask], y[mask]
    for epoch in range(epochs):
        total = 0.0
        for idx in torch.randperm(len(inputs)).split(32):
            loss = nn.functional.cross_entropy(model(inputs[idx]), targets[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(idx)
        if epoch % 5 == 0:
            print("epoch", epoch, "mean loss", total / len(inputs))


net = Mlp(64, 64, 10)
loop(net, torch.optim.Adam(net.parameters(), lr=2e-3))
with torch.no_grad():
    guess = net(X[~mask]).argmax(1)
print("accuracy", (guess == y[~mask]).float().mean().item())
