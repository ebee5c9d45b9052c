import torch
from torch import nn

torch.manual_seed(3)
policy = nn.Sequential(nn.Linear(2, 32), nn.Dropout(0.1), nn.ReLU(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=1e-2)


def play(longest):
    """Walk to the goal at 0; every step costs 1, and the game goes on while the policy fails."""
    place, log_probs, rewards = torch.rand(1).item() * 2 - 1, [], []
    for _ in range(longest):
        chosen = torch.distributions.Categorical(logits=policy(torch.tensor([place, 1.0])))
        action = chosen.sample()
        log_probs.append(chosen.log_prob(action))
        place += 0.2 * (2 * action.item() - 1)
        rewards.append(-abs(place))
    return log_probs, rewards


lengths = []
for game in range(100):
    log_probs, rewards = play(3 + game)
    returns = torch.tensor([sum(rewards[start:]) for start in range(len(rewards))])
    returns = (returns - returns.mean()) / (returns.std() + 1e-6)
    loss = -(torch.stack(log_probs) * returns).sum()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    lengths.append(sum(rewards) / len(rewards))
play(20)  # a game that isn't learnt from any more
print(sum(lengths[-20:]) / 20)
