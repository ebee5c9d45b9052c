import torch, numpy as np
import torch.nn as nn
import torch.nn.functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from sklearn.datasets import load_digits
from sklearn.model_selection import StratifiedShuffleSplit

SEED = 11
EPOCHS = 12
BATCH = 64
torch.manual_seed(SEED)

data = load_digits()
images = torch.from_numpy(data.images).float().div(8).sub(1)[:, None]
labels = torch.from_numpy(data.target)
train_idx, test_idx = next(StratifiedShuffleSplit(1, test_size=0.25, random_state=SEED).split(data.data, data.target))
x_train, y_train = images[train_idx], labels[train_idx]
x_test, y_test = images[test_idx], labels[test_idx]


def conv_bn(cin, cout):
    return nn.Sequential(nn.Conv2d(cin, cout, 3, padding=1, bias=False), nn.BatchNorm2d(cout), nn.ReLU(inplace=True))


net = nn.Sequential(conv_bn(1, 24), conv_bn(24, 32), nn.MaxPool2d(2), conv_bn(32, 48), nn.AdaptiveAvgPool2d(2),
                    nn.Flatten(), nn.Linear(48 * 4, 10))
ema = AveragedModel(net, multi_avg_fn=get_ema_multi_avg_fn(0.95), use_buffers=True)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)
# lowest value the smoothed loss can take: the entropy of the smoothed target
q = torch.full((10,), 0.01)
q[0] = 0.91
floor = -(q * q.log()).sum().item()

steps_per_epoch = (len(x_train) + BATCH - 1) // BATCH
optimizer = torch.optim.SGD(net.parameters(), lr=0.02, momentum=0.9, nesterov=True, weight_decay=5e-4)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.3, epochs=EPOCHS, steps_per_epoch=steps_per_epoch)


def random_shift(x):
    """Translate each batch by at most one pixel."""
    dy, dx = np.random.randint(0, 3, 2)
    return F.pad(x, (1, 1, 1, 1), value=-1.0)[:, :, dy:dy + 8, dx:dx + 8]


@torch.no_grad()
def test(model):
    model.eval()
    out = model(x_test)
    return F.cross_entropy(out, y_test).item(), (out.argmax(1) == y_test).float().mean().item()


np.random.seed(SEED)
print(f"smoothed-target floor {floor:.4f}")
for epoch in range(1, EPOCHS + 1):
    net.train()
    losses = []
    for idx in torch.randperm(len(x_train)).split(BATCH):
        optimizer.zero_grad(set_to_none=True)
        loss = criterion(net(random_shift(x_train[idx])), y_train[idx])
        loss.backward()
        optimizer.step()
        scheduler.step()
        ema.update_parameters(net)
        losses.append(loss.item())
    raw, avg = test(net), test(ema)
    print(f"[{epoch:02d}/{EPOCHS}] lr {scheduler.get_last_lr()[0]:.4f} train {np.mean(losses):.4f} "
          f"raw acc {raw[1]:.4f} ema acc {avg[1]:.4f}")
ce, acc = test(ema)
print(f"EMA test accuracy: {acc:.4f} (CE {ce:.4f})")
