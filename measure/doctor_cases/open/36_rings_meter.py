import torch
from sklearn.datasets import make_circles
from torch import nn

torch.manual_seed(23)
X, y = make_circles(900, noise=0.22, factor=0.45, random_state=4)
X, y = torch.tensor(X, dtype=torch.float32), torch.tensor(y)
X_train, y_train, X_test, y_test = X[:600], y[:600], X[600:], y[600:]


class RingNet(nn.Module):
    def __init__(self, hidden=20):
        super().__init__()
        self.a = nn.Linear(2, hidden)
        self.b = nn.Linear(hidden, hidden)
        self.c = nn.Linear(hidden, 2)
        self.activation = nn.ELU()

    def forward(self, x):
        return self.c(self.activation(self.b(self.activation(self.a(x)))))


class Meter:
    def __init__(self):
        self.correct = torch.zeros((), dtype=torch.long)
        self.total = 0

    def add(self, logits, target):
        self.correct += (logits.max(1).indices == target).sum()
        self.total += target.numel()

    def report(self):
        return (self.correct // self.total).item()


def epoch_pass(net, X, y, optimizer=None):
    meter = Meter()
    for idx in torch.randperm(len(X)).split(50):
        logits = net(X[idx])
        if optimizer is not None:
            loss = nn.functional.cross_entropy(logits, y[idx])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        meter.add(logits.detach(), y[idx])
    return meter.report()


net = RingNet()
optimizer = torch.optim.RMSprop(net.parameters(), lr=2e-3)
for epoch in range(40):
    net.train()
    train_acc = epoch_pass(net, X_train, y_train, optimizer)
    if epoch % 10 == 0:
        print("epoch", epoch, "train accuracy", train_acc)
net.eval()
with torch.no_grad():
    print("test accuracy", epoch_pass(net, X_test, y_test))
