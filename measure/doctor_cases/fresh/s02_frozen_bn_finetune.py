# Pretrain on plain digits, then fine-tune on a dozen images of each new class. The backbone
# is frozen and its batch norm stays in eval on purpose: 50 images are too few for
# new statistics.
import torch
import torch.nn as nn
from sklearn.datasets import load_digits

torch.manual_seed(2)


def block(i, o):
    return nn.Sequential(nn.Conv2d(i, o, 3, padding=1), nn.BatchNorm2d(o), nn.ReLU())


class Net(nn.Module):
    def __init__(self, n_out):
        super().__init__()
        self.backbone = nn.Sequential(block(1, 24), nn.MaxPool2d(2), block(24, 48), nn.MaxPool2d(2), nn.Flatten())
        self.head = nn.Linear(48 * 4, n_out)
        self.frozen = False

    def freeze(self):
        self.frozen = True
        for p in self.backbone.parameters():
            p.requires_grad_(False)
        self.backbone.eval()

    def train(self, mode=True):
        super().train(mode)
        if self.frozen:
            self.backbone.eval()  # keep the running statistics of the pretraining
        return self

    def forward(self, x):
        return self.head(self.backbone(x))


d = load_digits()
x = torch.tensor(d.images, dtype=torch.float32).unsqueeze(1) / 16
y = torch.tensor(d.target)
perm = torch.randperm(len(x))
x, y = x[perm], y[perm]
low, high = y < 6, y >= 6
src_x, src_y = x[low], y[low]
dst_x, dst_y = x[high], y[high] - 6
few = torch.cat([(dst_y == c).nonzero().ravel()[:12] for c in range(4)])
rest = torch.ones(len(dst_y), dtype=torch.bool)
rest[few] = False


def accuracy(net, a, b):
    net.eval()
    with torch.no_grad():
        return (net(a).argmax(1) == b).float().mean().item()


def fit(net, opt, a, b, epochs, bs, every, va, vb):
    ce = nn.CrossEntropyLoss()
    for ep in range(1, epochs + 1):
        net.train()
        s = 0.0
        order = torch.randperm(len(a))
        for i in range(0, len(a), bs):
            k = order[i:i + bs]
            opt.zero_grad()
            loss = ce(net(a[k]), b[k])
            loss.backward()
            opt.step()
            s += loss.item() * len(k)
        if ep % every == 0:
            print(f"  epoch {ep:3d} loss {s / len(a):.4f} train acc {accuracy(net, a, b):.3f} "
                  f"val acc {accuracy(net, va, vb):.3f}")


net = Net(6)
print("pretraining on 0-5")
fit(net, torch.optim.Adam(net.parameters(), lr=2e-3), src_x[:850], src_y[:850], 4, 50, 1, src_x[850:], src_y[850:])
mean_before = net.backbone[0][1].running_mean.clone()

net.freeze()
net.head = nn.Linear(48 * 4, 4)
print("new head for 6-9,", len(few), "images, trainable:", sum(p.numel() for p in net.parameters() if p.requires_grad))
fit(net, torch.optim.Adam([p for p in net.parameters() if p.requires_grad], lr=3e-3),
    dst_x[few], dst_y[few], 40, 16, 8, dst_x[rest], dst_y[rest])
print("running mean untouched:", torch.equal(mean_before, net.backbone[0][1].running_mean))
