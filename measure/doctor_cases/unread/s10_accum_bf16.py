"""Text classifier in bf16 autocast with accumulated gradients and averaged weights."""
import os
import sys

import torch
import torch.nn.functional as F

sys.path.insert(0, os.path.splitext(os.path.abspath(__file__))[0])
from lab.averaging import ShadowWeights
from lab.model import WordModel

SEED = 22
torch.manual_seed(SEED)
VOCAB, CLASSES, MAXLEN, MICRO, ACCUM, EPOCHS = 300, 4, 24, 16, 4, 10


def make_texts(n, topics):
    y = torch.randint(0, CLASSES, (n,))
    ids = torch.zeros(n, MAXLEN, dtype=torch.long)
    for i in range(n):
        length = int(torch.randint(6, MAXLEN + 1, (1,)))
        about = torch.rand(length) < 0.3
        topical = topics[y[i]][torch.randint(0, topics.size(1), (length,))]
        ids[i, :length] = torch.where(about, topical, torch.randint(1, VOCAB, (length,)))
    return ids, y


def accuracy(model, ids, y):
    model.eval()
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        return (model(ids).argmax(1) == y).float().mean().item()


def main():
    topics = (torch.randperm(VOCAB - 1) + 1)[:CLASSES * 25].view(CLASSES, 25)
    train, test = make_texts(2000, topics), make_texts(600, topics)
    model = WordModel(VOCAB, classes=CLASSES)
    matrices = [p for p in model.parameters() if p.ndim > 1]
    vectors = [p for p in model.parameters() if p.ndim == 1]
    opt = torch.optim.AdamW([{"params": matrices, "weight_decay": 0.02},
                             {"params": vectors, "weight_decay": 0.0}], lr=6e-3)
    groups = -(-len(train[0]) // (MICRO * ACCUM))
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, max_lr=6e-3, total_steps=EPOCHS * groups)
    average = ShadowWeights(model, decay=0.97)
    for epoch in range(1, EPOCHS + 1):
        model.train()
        total = 0.0
        for big in torch.randperm(len(train[0])).split(MICRO * ACCUM):
            opt.zero_grad()
            for idx in big.split(MICRO):
                with torch.autocast("cpu", dtype=torch.bfloat16):
                    logits = model(train[0][idx])
                loss = F.cross_entropy(logits.float(), train[1][idx], reduction="sum") / len(big)
                loss.backward()
                total += loss.item() * len(big)
            torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            opt.step()
            sched.step()
            average.update(model)
        average.swap(model)
        acc = accuracy(model, *test)
        average.swap(model)
        print(f"epoch {epoch:2d} loss {total / len(train[0]):.4f} test acc (averaged) {acc:.4f}")
    average.swap(model)
    print(f"test accuracy of the averaged weights {accuracy(model, *test):.4f}")


if __name__ == "__main__":
    main()
