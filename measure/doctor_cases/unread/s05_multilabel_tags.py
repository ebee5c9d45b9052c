"""Multi-label tagging with rare tags."""
import torch
import torch.nn as nn
from sklearn.metrics import average_precision_score, f1_score
from torch.utils.data import DataLoader, Dataset

SEED = 25
torch.manual_seed(SEED)

TAGS, FEATURES, TOPICS = 12, 40, 10


class TagData(Dataset):
    """Bags of features; each tag depends on a mixture of hidden topics."""

    def __init__(self, n, topic_features, topic_tags, threshold=None):
        z = torch.randn(n, TOPICS)
        self.x = torch.tanh(z @ topic_features) + 0.2 * torch.randn(n, FEATURES)
        score = z @ topic_tags + 0.15 * torch.randn(n, TAGS)
        if threshold is None:
            rates = torch.linspace(0.03, 0.3, TAGS)
            threshold = torch.stack([score[:, j].quantile(1 - rates[j]) for j in range(TAGS)])
        self.threshold = threshold
        self.y = (score > threshold).float()

    def __len__(self):
        return len(self.x)

    def __getitem__(self, i):
        return self.x[i], self.y[i]


def collate(items):
    xs, ys = zip(*items)
    return torch.stack(xs), torch.stack(ys)


class Tagger(nn.Module):
    def __init__(self, width=96):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(FEATURES, width), nn.ReLU(), nn.Dropout(0.3),
                                 nn.Linear(width, width), nn.ReLU(), nn.Linear(width, TAGS))

    def forward(self, x):
        return self.net(x)


@torch.no_grad()
def evaluate(model, data):
    model.eval()
    scores = model(data.x)
    predicted = (scores > 0).int()
    truth = data.y.int()
    macro = f1_score(truth.numpy(), predicted.numpy(), average="macro", zero_division=0)
    return macro, average_precision_score(truth.numpy(), scores.numpy(), average="macro")


def main():
    topic_features, topic_tags = torch.randn(TOPICS, FEATURES), torch.randn(TOPICS, TAGS) / TOPICS ** 0.5
    train = TagData(2600, topic_features, topic_tags)
    test = TagData(1000, topic_features, topic_tags, train.threshold)
    positives = train.y.sum(0)
    weight = ((len(train) - positives) / positives).sqrt()
    criterion = nn.BCEWithLogitsLoss(pos_weight=weight, reduction="sum")
    loader = DataLoader(train, batch_size=64, shuffle=True, collate_fn=collate, drop_last=True)
    model = Tagger()
    opt = torch.optim.AdamW(model.parameters(), lr=3e-3, weight_decay=0.1)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, mode="min", factor=0.3, patience=1)
    for epoch in range(1, 13):
        model.train()
        total = 0.0
        for x, y in loader:
            loss = criterion(model(x), y) / len(x)
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item()
        sched.step(total / len(loader))
        macro, ap = evaluate(model, test)
        print(f"epoch {epoch:2d} loss {total / len(loader):.4f} test macro F1 {macro:.3f} mAP {ap:.3f}")
    macro, ap = evaluate(model, test)
    print(f"test macro F1 {macro:.4f} mAP {ap:.4f} over {TAGS} tags")


if __name__ == "__main__":
    main()
