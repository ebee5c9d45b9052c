import torch
from torch import nn
from torch.distributions import Categorical

torch.manual_seed(219)
STATES, ACTIONS, HORIZON = 5, 3, 8
best_action = torch.randint(ACTIONS, (STATES,))


def returns_to_go(rewards, gamma=0.9):
    out, running = [], torch.zeros_like(rewards[0])
    for r in reversed(rewards):
        running = r + gamma * running
        out.insert(0, running)
    return torch.stack(out)


def play(policy, n):
    state = torch.randint(STATES, (n,))
    log_probs, rewards = [], []
    for _ in range(HORIZON):
        dist = Categorical(logits=policy(state))
        action = dist.sample()
        log_probs.append(dist.log_prob(action))
        right = action == best_action[state]
        rewards.append(right.float() + 0.3 * torch.randn(n))
        state = torch.where(right, (state + 1) % STATES, torch.randint(STATES, (n,)))
    return torch.stack(log_probs), rewards


policy = nn.Sequential(nn.Embedding(STATES, 16), nn.Linear(16, 32), nn.ReLU(), nn.Linear(32, ACTIONS))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)
for update in range(200):
    log_probs, rewards = play(policy, 24)
    returns = returns_to_go(rewards)
    advantage = returns - returns.mean(dim=1, keepdim=True)
    loss = -(log_probs * advantage).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if update % 40 == 0:
        print("update", update, "reward", torch.stack(rewards).mean().item())

with torch.no_grad():
    _, rewards = play(policy, 500)
print("mean reward", torch.stack(rewards).mean().item())
