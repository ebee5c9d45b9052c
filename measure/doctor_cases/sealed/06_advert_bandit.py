"""Contextual bandit: show one of four adverts, learn from clicks."""

import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(55)
USER_DIM, ADS = 5, 4
taste = torch.randn(ADS, USER_DIM)


def click_rate(users):
    return torch.sigmoid(2 * users @ taste.T - 1)


class Policy(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(nn.Linear(USER_DIM, 32), nn.Tanh())
        self.action = nn.Linear(32, ADS)
        self.value = nn.Linear(32, 1)

    def forward(self, users):
        h = self.body(users)
        return Categorical(logits=self.action(h)), self.value(h).squeeze(1)


policy = Policy()
optimizer = torch.optim.Adam(policy.parameters(), lr=5e-3)
average = None

for round_no in range(1, 401):
    users = torch.randn(128, USER_DIM)
    dist, value = policy(users)
    shown = dist.sample()
    rate = click_rate(users).gather(1, shown[:, None])[:, 0]
    reward = torch.bernoulli(rate)

    advantage = reward - value.detach()
    policy_loss = (dist.log_prob(shown) * advantage).mean()
    value_loss = nn.functional.mse_loss(value, reward)
    loss = policy_loss + 0.5 * value_loss - 0.01 * dist.entropy().mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

    average = reward.mean().item() if average is None else 0.95 * average + 0.05 * reward.mean().item()
    if round_no % 100 == 0:
        print("round", round_no, "clicks", round(average, 3))

with torch.no_grad():
    users = torch.randn(4000, USER_DIM)
    dist, _ = policy(users)
    chosen = dist.probs.argmax(1, keepdim=True)
    print("click rate", click_rate(users).gather(1, chosen).mean().item())
