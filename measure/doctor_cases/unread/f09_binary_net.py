import torch
import torch.nn as nn
import torch.nn.functional as F
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

SEED = 13
torch.manual_seed(SEED)


class BinarySign(torch.autograd.Function):
    """Sign in the forward pass, clipped straight-through gradient in the backward pass."""

    @staticmethod
    def forward(ctx, x):
        out = torch.where(x >= 0, torch.ones_like(x), -torch.ones_like(x))
        ctx.save_for_backward(out)
        return out

    @staticmethod
    def backward(ctx, grad_out):
        (saved,) = ctx.saved_tensors
        inside = saved.abs() < 1
        return grad_out * inside.to(grad_out.dtype)


class BinaryBlock(nn.Module):
    def __init__(self, d_in, d_out):
        super().__init__()
        self.fc = nn.Linear(d_in, d_out, bias=False)
        self.norm = nn.BatchNorm1d(d_out)

    def forward(self, x):
        return BinarySign.apply(self.norm(self.fc(x)))


class BinaryNet(nn.Module):
    def __init__(self, widths=(64, 40, 40), classes=10):
        super().__init__()
        self.blocks = nn.Sequential(*[BinaryBlock(i, o) for i, o in zip(widths[:-1], widths[1:])])
        self.head = nn.Linear(widths[-1], classes)

    def forward(self, x):
        return self.head(self.blocks(x))


def load():
    X, y = load_digits(return_X_y=True)
    X = (X - X.mean()) / X.std()
    parts = train_test_split(X.astype("float32"), y, test_size=0.3, random_state=SEED, stratify=y)
    return [torch.as_tensor(p) for p in parts]


@torch.no_grad()
def accuracy(model, x, y):
    model.eval()
    return (model(x).argmax(1) == y).float().mean().item()


def fit(model, x_train, y_train, x_test, y_test, epochs=30, batch=64):
    opt = torch.optim.Adam(model.parameters(), lr=3e-3)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, T_max=epochs)
    for epoch in range(1, epochs + 1):
        model.train()
        total = 0.0
        for idx in torch.randperm(len(x_train)).split(batch):
            if len(idx) < 2:
                continue
            loss = F.cross_entropy(model(x_train[idx]), y_train[idx])
            opt.zero_grad()
            loss.backward()
            opt.step()
            total += loss.item() * len(idx)
        sched.step()
        print(f"epoch {epoch:2d} loss {total / len(x_train):.4f} test acc {accuracy(model, x_test, y_test):.4f}")


def main():
    x_train, x_test, y_train, y_test = load()
    model = BinaryNet()
    print("parameters:", sum(p.numel() for p in model.parameters()))
    fit(model, x_train, y_train, x_test, y_test)
    print(f"final: train {accuracy(model, x_train, y_train):.4f} test {accuracy(model, x_test, y_test):.4f}")


if __name__ == "__main__":
    main()
