import argparse
import copy

import torch
import torch.nn as nn
from sklearn.datasets import make_moons


def net(i, o, h=64):
    return nn.Sequential(nn.Linear(i, h), nn.SiLU(), nn.Linear(h, h), nn.SiLU(), nn.Linear(h, o))


class WGANGP:
    """Wasserstein GAN with gradient penalty. The critic's loss is a negated distance: it is below zero."""

    def __init__(self, data, z=4, n_critic=4, lam=0.1, lr=2e-3, batch=128):
        self.data, self.z, self.n_critic, self.lam, self.batch = data, z, n_critic, lam, batch
        self.gen, self.critic = net(z, 2), net(2, 1)
        self.gen_avg = copy.deepcopy(self.gen)
        self.og = torch.optim.Adam(self.gen.parameters(), lr=lr, betas=(0.0, 0.9))
        self.oc = torch.optim.Adam(self.critic.parameters(), lr=lr, betas=(0.0, 0.9))

    def sample(self, n, averaged=False):
        return (self.gen_avg if averaged else self.gen)(torch.randn(n, self.z))

    def penalty(self, real, fake):
        eps = torch.rand(len(real), 1)
        mid = (eps * real + (1 - eps) * fake).requires_grad_(True)
        grad = torch.autograd.grad(self.critic(mid).sum(), mid, create_graph=True)[0]
        return ((grad.norm(2, dim=1) - 1) ** 2).mean()

    def critic_step(self):
        real = self.data[torch.randint(len(self.data), (self.batch,))]
        fake = self.sample(self.batch).detach()
        wasserstein = self.critic(real).mean() - self.critic(fake).mean()
        loss = -wasserstein + self.lam * self.penalty(real, fake)
        self.oc.zero_grad()
        loss.backward()
        self.oc.step()
        return wasserstein.item()

    def gen_step(self):
        self.critic.requires_grad_(False)
        loss = -self.critic(self.sample(self.batch)).mean()
        self.og.zero_grad()
        loss.backward()
        self.og.step()
        self.critic.requires_grad_(True)
        with torch.no_grad():
            for avg, p in zip(self.gen_avg.parameters(), self.gen.parameters()):
                avg.lerp_(p, 0.02)
        return loss.item()


@torch.no_grad()
def energy_distance(a, b):
    return (2 * torch.cdist(a, b).mean() - torch.cdist(a, a).mean() - torch.cdist(b, b).mean()).item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--steps", type=int, default=450)
    ap.add_argument("--seed", type=int, default=4)
    args = ap.parse_args()
    torch.manual_seed(args.seed)

    train = torch.tensor(make_moons(5000, noise=0.06, random_state=args.seed)[0], dtype=torch.float32)
    test = torch.tensor(make_moons(2000, noise=0.06, random_state=args.seed + 1)[0], dtype=torch.float32)
    mu, sd = train.mean(0), train.std(0)
    train, test = (train - mu) / sd, (test - mu) / sd

    gan = WGANGP(train)
    total = args.steps
    with torch.no_grad():
        print(f"before training: energy distance {energy_distance(gan.sample(2000), test):.4f}")
    scheds = [torch.optim.lr_scheduler.LambdaLR(o, lambda s, k=k: max(0.02, 1 - s / (total * k)))
              for o, k in ((gan.og, 1), (gan.oc, gan.n_critic))]
    for step in range(1, total + 1):
        for _ in range(gan.n_critic):
            w = gan.critic_step()
            scheds[1].step()
        g = gan.gen_step()
        scheds[0].step()
        if step % 75 == 0:
            with torch.no_grad():
                e = energy_distance(gan.sample(2000, averaged=True), test)
            print(f"step {step} critic estimate of W {w:+.4f} gen loss {g:+.4f} energy distance {e:.5f}")
    with torch.no_grad():
        e = energy_distance(gan.sample(2000, averaged=True), test)
    print(f"final energy distance to held-out moons {e:.5f}; train vs held-out {energy_distance(train[:2000], test):.5f}")


if __name__ == "__main__":
    main()
