import torch
from torch import nn

torch.manual_seed(5)
x = torch.rand(512, 2)
y = torch.where(torch.rand(512) < 0.5, x.sum(1), -x.sum(1)) + 0.1 * torch.randn(512)


def network():
    net = nn.Sequential(nn.Linear(2, 32), nn.Tanh(), nn.Linear(32, 4))
    with torch.no_grad():
        net[2].bias[2:] = -1.0
    return net


def likelihood(rows):
    means, widths = net(x[rows]).chunk(2, 1)
    return -(-widths - 0.5 * ((y[rows, None] - means) / widths.exp()) ** 2).logsumexp(1).mean()


kept = network().state_dict()
net = network()
net.load_state_dict(kept)
optimizer = torch.optim.SGD(net.parameters(), lr=1e-7, momentum=0.9)
for _ in range(20):
    for rows in torch.randperm(512).split(32):
        optimizer.zero_grad()
        likelihood(rows).backward()
        optimizer.step()
print(likelihood(torch.arange(512)).item())
