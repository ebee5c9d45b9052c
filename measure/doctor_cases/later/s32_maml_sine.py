"""MAML on sine waves: the inner steps use functional_call, the outer loss differentiates through them (vmapped)."""
import argparse
import math

import torch
import torch.nn as nn
from torch.func import functional_call, grad, vmap


def tasks(n, k, gen):
    amp = 0.5 + 2.0 * torch.rand(n, 1, 1, generator=gen)
    phase = math.pi * torch.rand(n, 1, 1, generator=gen)
    x = 10 * torch.rand(n, 2 * k, 1, generator=gen) - 5
    y = amp * torch.sin(x + phase)
    return x[:, :k], y[:, :k], x[:, k:], y[:, k:]


class Sine(nn.Module):
    def __init__(self, h=40):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(1, h), nn.Tanh(), nn.Linear(h, h), nn.Tanh(), nn.Linear(h, 1))

    def forward(self, x):
        return self.net(x)


class MAML:
    def __init__(self, model, inner_lr=0.05, inner_steps=2):
        self.model, self.lr, self.steps = model, inner_lr, inner_steps

    def loss(self, params, x, y):
        return nn.functional.mse_loss(functional_call(self.model, params, (x / 3,)), y)

    def adapt(self, params, x, y, steps):
        for _ in range(steps):
            g = grad(self.loss)(params, x, y)
            params = {k: p - self.lr * g[k] for k, p in params.items()}
        return params

    def task_loss(self, params, xs, ys, xq, yq, steps):
        return self.loss(self.adapt(params, xs, ys, steps), xq, yq)

    def batch_loss(self, batch, steps=None):
        params = dict(self.model.named_parameters())
        steps = self.steps if steps is None else steps
        f = lambda a, b, c, d: self.task_loss(params, a, b, c, d, steps)
        return vmap(f)(*batch).mean()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--iters", type=int, default=750)
    ap.add_argument("--shots", type=int, default=10)
    ap.add_argument("--meta-batch", type=int, default=16)
    ap.add_argument("--meta-lr", type=float, default=1e-2)
    args = ap.parse_args()
    torch.manual_seed(0)
    gen, test_gen = torch.Generator().manual_seed(1), torch.Generator().manual_seed(2)
    test = tasks(300, args.shots, test_gen)
    maml = MAML(Sine())
    opt = torch.optim.Adam(maml.model.parameters(), lr=args.meta_lr)
    sched = torch.optim.lr_scheduler.CosineAnnealingLR(opt, args.iters)
    for it in range(1, args.iters + 1):
        loss = maml.batch_loss(tasks(args.meta_batch, args.shots, gen))
        opt.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(maml.model.parameters(), 1.0)
        opt.step()
        sched.step()
        if it % 150 == 0:
            with torch.no_grad():
                print(f"iter {it} query mse after {maml.steps} steps: train batch {loss.item():.4f} test tasks {maml.batch_loss(test).item():.4f}")
    with torch.no_grad():
        out = {s: maml.batch_loss(test, s).item() for s in (0, 1, 2, 5, 10)}
    # one network for all tasks, no adaptation: the best it can do is the mean function (Bayes, in closed form)
    x, amp_sq = test[2], (2.5 ** 3 - 0.5 ** 3) / (3 * 2.0)
    mean_f = 1.5 * (2 / math.pi) * torch.cos(x)
    no_adapt = (test[3] - mean_f).square().mean().item()
    print("query mse on new tasks by number of steps:", {s: round(v, 4) for s, v in out.items()})
    print(f"mean power of a task {amp_sq / 2:.3f}, best without adaptation {no_adapt:.4f}")
    print(f"test query mse after {maml.steps} gradient steps {out[maml.steps]:.4f}, without adaptation {out[0]:.4f}")


if __name__ == "__main__":
    main()
