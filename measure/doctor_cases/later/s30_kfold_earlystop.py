import copy

import numpy as np
import torch
import torch.nn as nn
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

SEED = 17


class EarlyStopping:
    """Keeps the best weights and gives them back."""

    def __init__(self, patience):
        self.patience, self.best, self.bad, self.state = patience, np.inf, 0, None

    def update(self, value, model):
        if value < self.best - 1e-4:
            self.best, self.bad, self.state = value, 0, copy.deepcopy(model.state_dict())
        else:
            self.bad += 1
        return self.bad >= self.patience

    def restore(self, model):
        model.load_state_dict(self.state)


def new_model(d):
    return nn.Sequential(nn.Linear(d, 32), nn.ReLU(), nn.Dropout(0.3), nn.Linear(32, 1))


def to_t(a):
    return torch.tensor(a, dtype=torch.float32)


def fit_fold(X, y, fold):
    torch.manual_seed(SEED + fold)
    X_fit, X_val, y_fit, y_val = train_test_split(X, y, test_size=0.15, stratify=y, random_state=fold)
    scaler = StandardScaler().fit(X_fit)
    xf, xv, yf, yv = to_t(scaler.transform(X_fit)), to_t(scaler.transform(X_val)), to_t(y_fit), to_t(y_val)
    model = new_model(X.shape[1])
    crit = nn.BCEWithLogitsLoss()
    opt = torch.optim.AdamW(model.parameters(), lr=2e-3, weight_decay=0.05)
    sched = torch.optim.lr_scheduler.ReduceLROnPlateau(opt, factor=0.5, patience=4)
    stop = EarlyStopping(patience=12)
    for epoch in range(80):
        model.train()
        for idx in torch.randperm(len(xf)).split(32):
            opt.zero_grad()
            loss = crit(model(xf[idx]).squeeze(1), yf[idx])
            loss.backward()
            opt.step()
        model.eval()
        with torch.no_grad():
            val = crit(model(xv).squeeze(1), yv).item()
        sched.step(val)
        if stop.update(val, model):
            break
    stop.restore(model)
    return model.eval(), scaler, epoch + 1, stop.best


def main():
    X, y = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(5, shuffle=True, random_state=SEED)
    accs, aucs, base = [], [], []
    for k, (tr, te) in enumerate(folds.split(X, y)):
        model, scaler, n_ep, val = fit_fold(X[tr], y[tr], k)
        with torch.no_grad():
            p = torch.sigmoid(model(to_t(scaler.transform(X[te]))).squeeze(1)).numpy()
        accs.append(((p > 0.5) == y[te]).mean())
        aucs.append(roc_auc_score(y[te], p))
        base.append(make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X[tr], y[tr]).score(X[te], y[te]))
        print(f"fold {k} epochs {n_ep} best val loss {val:.4f} test acc {accs[-1]:.4f} auc {aucs[-1]:.4f} logistic {base[-1]:.4f}")
    print(f"5-fold accuracy {np.mean(accs):.4f} +- {np.std(accs):.4f}, AUC {np.mean(aucs):.4f}, logistic regression {np.mean(base):.4f}")


if __name__ == "__main__":
    main()
