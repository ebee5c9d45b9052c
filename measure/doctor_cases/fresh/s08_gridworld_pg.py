# REINFORCE with a running baseline and an entropy bonus on a 4x4 grid. The "loss" of a policy
# gradient says nothing, look at the return.
import numpy as np
import torch
import torch.nn as nn

torch.manual_seed(8)
np.random.seed(8)
SIZE, GOAL, MAX_T = 4, (3, 3), 30
MOVES = [(-1, 0), (1, 0), (0, -1), (0, 1)]
PITS = {(1, 1), (2, 3)}


def step(pos, a):
    if np.random.rand() < 0.05:  # slippery floor
        a = np.random.randint(4)
    r = min(max(pos[0] + MOVES[a][0], 0), SIZE - 1)
    c = min(max(pos[1] + MOVES[a][1], 0), SIZE - 1)
    if (r, c) == GOAL:
        return (r, c), 1.0, True
    if (r, c) in PITS:
        return (r, c), -1.0, True
    return (r, c), -0.02, False


def obs(pos):
    v = torch.zeros(SIZE * SIZE)
    v[pos[0] * SIZE + pos[1]] = 1.0
    return v


policy = nn.Sequential(nn.Linear(SIZE * SIZE, 32), nn.Tanh(), nn.Linear(32, 4))
opt = torch.optim.Adam(policy.parameters(), lr=1e-2)
GAMMA, BETA, EPISODES_PER_UPDATE = 0.97, 0.01, 8
baseline, history, lengths = 0.0, [], []

for update in range(1, 121):
    logps, advs, ents = [], [], []
    for _ in range(EPISODES_PER_UPDATE):
        pos, done, t, rewards, ep_logp = (0, 0), False, 0, [], []
        while not done and t < MAX_T:
            dist = torch.distributions.Categorical(logits=policy(obs(pos)))
            a = dist.sample()
            ep_logp.append(dist.log_prob(a))
            ents.append(dist.entropy())
            pos, r, done = step(pos, a.item())
            rewards.append(r)
            t += 1
        g, rets = 0.0, []
        for r in reversed(rewards):
            g = r + GAMMA * g
            rets.insert(0, g)
        history.append(sum(rewards))
        lengths.append(t)
        logps += ep_logp
        advs += [x - baseline for x in rets]
        baseline = 0.95 * baseline + 0.05 * rets[0]
    adv = torch.tensor(advs)
    loss = -(torch.stack(logps) * adv).mean() - BETA * torch.stack(ents).mean()
    opt.zero_grad()
    loss.backward()
    opt.step()
    if update % 10 == 0:
        print(f"update {update:3d}  pg loss {loss.item():+.4f}  entropy {torch.stack(ents).mean().item():.3f}  "
              f"mean return {np.mean(history[-80:]):+.3f}  mean length {np.mean(lengths[-80:]):.1f}")
