import torch
from torch import nn
from torch.distributions import Bernoulli

torch.manual_seed(14)
STEPS, GAMMA = 12, 0.6


class Lights:
    """Answer each signal: +1 for the right button, -1 for the wrong one."""

    def __init__(self, n):
        self.signals = torch.randn(n, STEPS, 3)
        self.right = (self.signals[..., 0] * self.signals[..., 1] > 0).float()

    def observe(self, t):
        return self.signals[:, t]

    def act(self, t, button):
        return 2 * (button == self.right[:, t]).float() - 1


def discounted(rewards):
    returns, running = [], torch.zeros_like(rewards[0])
    for r in reversed(rewards):
        running = r + GAMMA * running
        returns.append(running)
    return torch.stack(returns, dim=1)


policy = nn.Sequential(nn.Linear(3, 32), nn.Tanh(), nn.Linear(32, 1))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)

for episode in range(200):
    env = Lights(32)
    rewards, log_probs = [], []
    for t in range(STEPS):
        dist = Bernoulli(logits=policy(env.observe(t))[:, 0])
        button = dist.sample()
        log_probs.append(dist.log_prob(button))
        rewards.append(env.act(t, button))
    returns = discounted(rewards)
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    loss = -(torch.stack(log_probs, dim=1) * returns).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if episode % 50 == 0:
        print("episode", episode, "reward", torch.stack(rewards).mean().item())

env = Lights(300)
with torch.no_grad():
    total = sum(env.act(t, (policy(env.observe(t))[:, 0] > 0).float()) for t in range(STEPS))
print("mean return", total.mean().item())
