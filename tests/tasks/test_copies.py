"""scikit-learn's data sets, number for number."""

import sys

import numpy as np
import pytest
from sklearn import datasets

from trainlab.errors import SpecError, how_to_install
from trainlab.spec.tasks import BreastCancer, Diabetes, Digits, Iris, Scaling, Split, Wine
from trainlab.tasks import TASKS, build

KINDS = {
    "digits": (Digits(), (1797, 64), 10),
    "iris": (Iris(), (150, 4), 3),
    "wine": (Wine(), (178, 13), 3),
    "breast_cancer": (BreastCancer(), (569, 30), 1),
    "diabetes": (Diabetes(), (442, 10), 1),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_copy_is_scikit_learns(name: str):
    task, shape, outputs = KINDS[name]
    made, theirs = build(task, Split(), Scaling()), getattr(datasets, f"load_{name}")()
    np.testing.assert_array_equal(made.inputs, theirs.data)
    assert (made.inputs.shape, made.outputs) == (shape, outputs)
    assert made.feature_names == tuple(theirs.feature_names)
    found = made.targets.argmax(axis=1) if outputs > 1 else made.targets[:, 0]
    np.testing.assert_array_equal(found, theirs.target)
    assert made.kind == {"breast_cancer": "binary", "diabetes": "regression"}.get(name, "classes")


def test_classes_have_their_names():
    assert build(Iris(), Split(), Scaling()).class_names == ("setosa", "versicolor", "virginica")
    one_hot = build(BreastCancer(one_hot=True), Split(), Scaling())
    assert (one_hot.kind, one_hot.outputs, one_hot.class_names) == ("classes", 2, ("malignant", "benign"))


def test_without_scikit_learn_it_is_said_how_to_get_it(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(SpecError) as caught:
        TASKS["iris"]()
    assert str(caught.value) == (
        "task = 'iris': needs scikit-learn (import of sklearn.datasets halted; None in sys.modules). "
        f"Install it with: {how_to_install('data')}"
    )
