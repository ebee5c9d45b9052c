import argparse
import math

import torch
from torch import nn
from torch.distributions import Categorical

# Contextual bandit with noisy rewards: policy gradient with a learned baseline.
# The surrogate loss has no meaning as a level; it may be negative and wander while the reward climbs.


class Bandit:
    def __init__(self, n_ctx=8, n_actions=6, noise=0.5, seed=0):
        g = torch.Generator().manual_seed(seed)
        self.W = torch.randn(n_ctx, n_actions, generator=g)
        self.n_ctx, self.noise = n_ctx, noise

    def contexts(self, n):
        return torch.randn(n, self.n_ctx)

    def mean_reward(self, x):
        return torch.tanh(x @ self.W / math.sqrt(self.n_ctx) * 1.5)

    def pull(self, x, a):
        m = self.mean_reward(x).gather(1, a[:, None]).squeeze(1)
        return m + self.noise * torch.randn_like(m)


class ActorCritic(nn.Module):
    def __init__(self, d, k, h=64):
        super().__init__()
        self.actor = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, k))
        self.critic = nn.Sequential(nn.Linear(d, h), nn.Tanh(), nn.Linear(h, 1))


@torch.no_grad()
def evaluate(model, env, n=20000):
    x = env.contexts(n)
    m = env.mean_reward(x)
    greedy = m.gather(1, model.actor(x).argmax(1, keepdim=True)).mean()
    return greedy.item(), m.max(1).values.mean().item(), m.mean().item()


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--updates", type=int, default=1500)
    ap.add_argument("--batch", type=int, default=256)
    ap.add_argument("--lr", type=float, default=5e-3)
    ap.add_argument("--entropy", type=float, default=0.01)
    args = ap.parse_args()
    torch.manual_seed(1)
    env = Bandit()
    model = ActorCritic(env.n_ctx, 6)
    opt = torch.optim.Adam(model.parameters(), lr=args.lr)
    sched = torch.optim.lr_scheduler.LinearLR(opt, 1.0, 0.02, total_iters=args.updates)
    avg_reward = avg_loss = 0.0
    for u in range(1, args.updates + 1):
        x = env.contexts(args.batch)
        dist = Categorical(logits=model.actor(x))
        action = dist.sample()
        reward = env.pull(x, action)
        value = model.critic(x).squeeze(1)
        advantage = (reward - value).detach()
        policy_loss = -(dist.log_prob(action) * advantage).mean()
        value_loss = (value - reward).square().mean()     # cannot fall below the reward noise, 0.25
        loss = policy_loss + 0.5 * value_loss - args.entropy * dist.entropy().mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        sched.step()
        avg_reward += (reward.mean().item() - avg_reward) / min(u, 100)
        avg_loss += (policy_loss.item() - avg_loss) / min(u, 100)
        if u % 250 == 0:
            g, best, rnd = evaluate(model, env)
            print(f"update {u} reward {avg_reward:.3f} policy loss {avg_loss:+.4f} value loss {value_loss.item():.3f} "
                  f"entropy {dist.entropy().mean().item():.3f} greedy {g:.4f}")
    g, best, rnd = evaluate(model, env, 100000)
    print(f"greedy mean reward {g:.4f}, best possible {best:.4f}, random {rnd:.4f}")


if __name__ == "__main__":
    main()
