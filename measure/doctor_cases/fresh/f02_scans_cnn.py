# Digit "scans" + a table with the ground truth. The scans come out of an archive
# keyed by the file stem, the labels from the csv (row i belongs to scan i).
import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from torch.utils.data import DataLoader, Dataset, random_split

CFG = dict(lr=2e-3, batch=64, epochs=8, seed=3, val_frac=0.2)


def load_archive():
    """What np.load(archive) would give us: {stem: image} and the label column."""
    d = load_digits()
    archive = {str(i): (img / 16.0).astype("float32") for i, img in enumerate(d.images)}
    csv_labels = d.target.tolist()
    return archive, csv_labels


class ScanDataset(Dataset):
    def __init__(self, archive, labels, transform=None):
        self.archive = archive
        self.names = sorted(archive.keys())
        self.labels = labels
        self.transform = transform
        assert len(self.names) == len(self.labels)

    def __len__(self):
        return len(self.names)

    def __getitem__(self, idx):
        img = torch.from_numpy(self.archive[self.names[idx]]).unsqueeze(0)
        if self.transform is not None:
            img = self.transform(img)
        return img, self.labels[idx]


def standardize(img):
    return (img - 0.305) / 0.376


class ConvNet(nn.Module):
    def __init__(self, n_classes=10):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.fc1 = nn.Linear(32 * 2 * 2, 64)
        self.fc2 = nn.Linear(64, n_classes)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        return self.fc2(x)


@torch.no_grad()
def evaluate(model, loader):
    model.eval()
    n, hit, loss = 0, 0, 0.0
    for x, y in loader:
        out = model(x)
        loss += F.cross_entropy(out, y, reduction="sum").item()
        hit += (out.argmax(1) == y).sum().item()
        n += len(y)
    return loss / n, hit / n


torch.manual_seed(CFG["seed"])
archive, labels = load_archive()
dataset = ScanDataset(archive, labels, transform=standardize)
n_val = int(len(dataset) * CFG["val_frac"])
train_set, val_set = random_split(dataset, [len(dataset) - n_val, n_val],
                                  generator=torch.Generator().manual_seed(0))
train_loader = DataLoader(train_set, batch_size=CFG["batch"], shuffle=True)
val_loader = DataLoader(val_set, batch_size=256)

x0, y0 = next(iter(train_loader))
print("batch:", x0.shape, y0.shape, x0.dtype, y0.dtype, "mean %.2f std %.2f" % (x0.mean(), x0.std()))

net = ConvNet()
opt = torch.optim.Adam(net.parameters(), lr=CFG["lr"])
# also tried SGD(lr=0.1, momentum=0.9), more filters, no standardize -> no change
for epoch in range(CFG["epochs"]):
    net.train()
    running = 0.0
    for x, y in train_loader:
        opt.zero_grad()
        loss = F.cross_entropy(net(x), y)
        loss.backward()
        opt.step()
        running += loss.item() * len(y)
    vl, va = evaluate(net, val_loader)
    print(f"[{epoch + 1}/{CFG['epochs']}] train loss {running / len(train_set):.3f}  "
          f"val loss {vl:.3f}  val acc {va:.3f}")
