"""Bad study files: each is one line that names the place, the value and what is allowed."""

import time
from pathlib import Path

import pytest

from trainlab.errors import SpecError, listing, nearest
from trainlab.spec import (
    Network,
    any_study_from_toml,
    load_study,
    read_text,
    study_from_dict,
    study_from_toml,
)

EXPERIMENT_FIELDS = (
    "'network', 'task', 'split', 'scaling', 'init', 'loss', 'optimizer', 'schedule', 'warmup', 'gradient', "
    "'clip', 'penalty', 'noise', 'frozen', 'sampling', 'redraw', 'epochs', 'solved', 'stopping', 'record' "
    "or 'after'"
)
ACTIVATIONS = (
    "'linear', 'tanh', 'sigmoid', 'relu', 'leaky_relu', 'elu', 'selu', 'gelu', 'silu', 'softplus', "
    "'hardtanh', 'sin', 'softmax' or 'log_softmax'"
)
OPTIMIZERS = "'sgd', 'adam', 'adamw', 'nadam', 'radam', 'rmsprop', 'adagrad', 'adadelta' or 'lion'"

FAULTS = {
    "unknown field": (
        "momentum = 0.9",
        "momentun = 0.9",
        "baseline.optimizer.momentun: unknown field; known are 'lr', 'momentum', 'dampening', "
        "'weight_decay', 'nesterov' or 'name'. "
        "Did you mean 'momentum'?",
    ),
    "unknown field of a network": (
        'widths = "2-11-1"',
        'width = "2-11-1"',
        "networks.Model 2.width: unknown field; known are 'widths', 'bias', 'output_bias', 'activation', "
        "'output_activation' or 'dropout'. Did you mean 'widths'?",
    ),
    "unknown table": (
        "[changes.E]",
        "[change.E]",
        "change: unknown field; known are 'title', 'question', 'seeds', 'splits', 'ask', 'baseline', "
        "'networks', 'changes', 'phases' or 'race'. Did you mean 'changes'?",
    ),
    "misspelt activation": (
        'activation = "tanh"',
        'activation = "tahn"',
        f"baseline.network.activation = 'tahn': must be {ACTIVATIONS}. Did you mean 'tanh'?",
    ),
    "misspelt activation in a change": (
        '"sigmoid"',
        '"sigmod"',
        f"network 'Model 1': change 'C': network.activation = 'sigmod': must be {ACTIVATIONS}. "
        "Did you mean 'sigmoid'?",
    ),
    "misspelt optimizer": (
        'name = "sgd"',
        'name = "sdg"',
        f"baseline.optimizer.name = 'sdg': must be {OPTIMIZERS}. Did you mean 'sgd'?",
    ),
    "optimizer's name a list": (
        'name = "sgd"',
        'name = ["sgd"]',
        f"baseline.optimizer.name = ['sgd']: must be {OPTIMIZERS}. Did you mean 'sgd'?",
    ),
    "negative width": (
        '"2-5-4-1"',
        "[2, -5, 4, 1]",
        "networks.Model 1.widths = (2, -5, 4, 1): every width must be from 1 to 4,096, not -5.",
    ),
    "negative width in words": (
        '"2-5-4-1"',
        '"2--5-4-1"',
        "networks.Model 1.widths = '2--5-4-1': must be whole numbers joined by '-', from inputs to outputs, "
        "as in '2-5-4-1'.",
    ),
    "edit of a name that doesn't exist": (
        "set.network.output_activation",
        "set.netwrk.output_activation",
        "network 'Model 1': change 'E': netwrk: unknown field; known are "
        f"{EXPERIMENT_FIELDS}. Did you mean 'network'?",
    ),
    "NaN": ("lr = 0.02\n", "lr = nan\n", "baseline.optimizer.lr = nan: must be a finite number ≥ 0."),
    "beyond the largest number": (
        "lr = 0.02\n",
        "lr = 1e400\n",
        "baseline.optimizer.lr = inf: must be a finite number ≥ 0.",
    ),
    "epochs 0": (
        "epochs = 300",
        "epochs = 0",
        "baseline.epochs = 0: must be a whole number ≥ 1 and ≤ 100,000,000.",
    ),
    "contradictory biases": (
        'widths = "2-11-1"\n',
        'widths = "2-11-1"\nbias = [true, true]\n',
        "networks.Model 2.output_bias = False contradicts bias, which already lists every layer: "
        "drop one of the two.",
    ),
    "a list too long": (
        'widths = "2-11-1"\noutput_bias = false',
        'widths = "2-11-1"\nbias = [true, true, true]',
        "networks.Model 2.bias lists 3 values, but the network has 2 layers: "
        "list one per layer, or give one for all.",
    ),
    "a pair of three": (
        '{ name = "adam", lr = 0.02 }',
        '{ name = "adam", betas = [0.9, 0.99, 0.999] }',
        "network 'Model 1': change 'A': optimizer.betas = [0.9, 0.99, 0.999]: must be a list of 2, not of 3.",
    ),
    "true for a number": ("epochs = 300", "epochs = true", "baseline.epochs = True: must be a whole number."),
    "true for a width": (
        '"2-5-4-1"',
        "[2, true, 1]",
        "networks.Model 1.widths[1] = True: must be a whole number.",
    ),
    "true for the seeds": ("seeds = 1000", "seeds = true", "seeds = True: must be a whole number."),
    "text for a number": (
        "epochs = 300",
        'epochs = "many"',
        "baseline.epochs = 'many': must be a whole number.",
    ),
    "a fraction of an epoch": (
        "epochs = 300",
        "epochs = 300.5",
        "baseline.epochs = 300.5: must be a whole number.",
    ),
    "a list for a table": (
        "[baseline.solved]",
        "[[baseline.solved]]",
        "baseline.solved = [{'within': 0.1}]: must be 'within', 'accuracy' or 'loss', "
        "or a table with its fields.",
    ),
    "a date": ("set.epochs = 2001", "set.epochs = 2026-01-01", None),
    "too many epochs": (
        "epochs = 300",
        f"epochs = {10**30}",
        f"baseline.epochs = {10**30}: must be a whole number ≥ 1 and ≤ 100,000,000.",
    ),
    "an infinite threshold": (
        "within = 0.1",
        "within = inf",
        "baseline.solved.within = inf: must be a finite number > 0.",
    ),
    "the wrong number of inputs": (
        '"2-5-4-1"',
        '"3-5-4-1"',
        "networks.Model 1.widths = '3-5-4-1': the first width is 3, but the task 'xor' needs 2.",
    ),
    "the wrong number of outputs, in a network's own line": (
        """[networks."Model 1"]\nwidths = "2-5-4-1\"""",
        "[networks]\nfirst = '2-3'\n[networks.\"Model 1\"]\nwidths = '2-5-4-1'",
        "networks.first = '2-3': the last width is 3, but the task 'xor' needs 1.",
    ),
    "a network that is a number": (
        """[networks."Model 1"]\nwidths = "2-5-4-1\"""",
        "[networks]\nfirst = 5\n[networks.\"Model 1\"]\nwidths = '2-5-4-1'",
        "networks.first = 5: must be widths, such as '2-5-4-1', or a table.",
    ),
    "more digits than Python prints": (
        "epochs = 300",
        f"epochs = 0x1{'0' * 5000}",
        "baseline.epochs = a value too long to show: must be a whole number ≥ 1 and ≤ 100,000,000.",
    ),
    "more digits than Python reads": (
        "epochs = 300",
        f"epochs = 1{'0' * 5000}",
        "not valid TOML: a number has too many digits.",
    ),
    "more digits than a float": ("lr = 0.02\n", f"lr = 1{'0' * 400}\n", None),
    "more digits than a width": ('"2-5-4-1"', f"[2, 0x1{'0' * 5000}, 1]", None),
    "nested by dots": (
        "set.epochs = 2001",
        f"set.{'.'.join('a' * 3000)} = 1",
        "nested too deeply: at most 16 tables and lists within one another are allowed.",
    ),
    "nested by brackets": (
        "set.epochs = 2001",
        f"set.epochs = {'[' * 200}{']' * 200}",
        "nested too deeply: at most 16 tables and lists within one another are allowed.",
    ),
    "nested beyond reading": ("set.epochs = 2001", f"set.epochs = {'[' * 20_000}{']' * 20_000}", None),
    "a change that sets nothing": (
        "set.epochs = 2001",
        "set.optimizer = {}",
        "changes.D.set: is missing or empty; a change must set at least one field.",
    ),
    "a field set whole and in part": (
        "set.epochs = 2001",
        'set = { optimizer = "adam", "optimizer.lr" = 0.1 }',
        "change 'D': optimizer.lr: 'optimizer' is already set as a whole; set it only once.",
    ),
    "a name with a colon": (
        "[changes.E]",
        '[changes."E:F"]',
        "change 'E:F': a name must not be empty or contain ':', '+' or line breaks.",
    ),
    "a name with a plus": (
        '[networks."Model 3"]',
        '[networks."Model 3+"]',
        "network 'Model 3+': a name must not be empty or contain ':', '+' or line breaks.",
    ),
    "a field with a line break": (
        "set.epochs",
        'set."a\\nb"',
        "changes.D.set.'a\\nb': is not the path of a field.",
    ),
    "the same name twice": ("[changes.E]", "[changes.A]", None),
}


@pytest.mark.parametrize(("right", "wrong", "message"), FAULTS.values(), ids=FAULTS.keys())
def test_a_fault_is_one_clear_line(xor44_text: str, right: str, wrong: str, message: str | None):
    assert right in xor44_text
    with pytest.raises(SpecError) as error:
        study_from_toml(xor44_text.replace(right, wrong, 1))
    text = str(error.value)
    assert text.isprintable()
    assert len(text) < 400
    if message is not None:
        assert text == message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty. 'trainlab new FILE' writes a study file to start from."),
        (b" \n\t\n", "is empty. 'trainlab new FILE' writes a study file to start from."),
        (b"\x89PNG\r\n\x1a\n\xff", "is not a text file (UTF-8); give a study file (TOML)."),
    ],
)
def test_a_file_that_is_no_text(tmp_path: Path, content: bytes, message: str):
    file = tmp_path / "study.toml"
    file.write_bytes(content)
    with pytest.raises(SpecError) as error:
        read_text(file)
    assert str(error.value).endswith(f"study.toml: {message}")


def test_a_folder_a_missing_file_and_a_name_that_no_file_has(tmp_path: Path):
    with pytest.raises(SpecError, match=r": is a folder; give a study file\."):
        read_text(tmp_path)
    with pytest.raises(SpecError, match=r"none\.toml: no such file\. 'trainlab new FILE' writes one"):
        read_text(tmp_path / "none.toml")
    with pytest.raises(SpecError, match="can't be read"):
        read_text("a\0b")
    with pytest.raises(SpecError) as error:
        read_text("two\nlines")
    assert str(error.value).isprintable()


def test_a_file_without_end_is_not_read_to_its_end():
    with pytest.raises(SpecError, match="is larger than 2,000,000 bytes"):
        read_text("/dev/zero")


def test_networks_are_counted_before_they_are_read():
    many = "\n".join(f'n{number} = "never read"' for number in range(20_001))
    with pytest.raises(
        SpecError, match=r"20,001 networks with 2 .. 0 sets of changes are 20,001 cells; at most"
    ):
        study_from_toml(f'title = "t"\n[baseline]\ntask = "xor"\n[networks]\n{many}')


def test_binary_without_a_bad_byte_is_not_toml():
    with pytest.raises(SpecError, match="not valid TOML"):
        study_from_toml("\0\1\2")


@pytest.mark.parametrize(
    "data", [[], None, 3, {1: 2}, {"baseline": {}, "networks": {1: "2-3-1"}}, {"baseline": {}}]
)
def test_plain_data_that_no_file_could_hold(data: object):
    with pytest.raises(SpecError):
        study_from_dict(data)  # type: ignore[arg-type]


def test_an_experiment_s_field_beside_a_study_s_is_told_where_it_belongs():
    text = 'network = "2-3-1"\n[changes.A]\nset.epochs = 2\n'
    with pytest.raises(SpecError) as caught:
        any_study_from_toml(text)
    assert str(caught.value) == (
        "network: is a field of an experiment, which in a study (a file with 'changes') stands under "
        "[baseline]: write it there, as baseline.network."
    )


def test_a_name_like_an_example_s_is_told_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError, match=r"^xor45: no such file, nor an example .* Did you mean 'xor44'\?$"):
        load_study("xor45")
    with pytest.raises(SpecError, match=r"no such file\. 'trainlab new FILE'"):
        load_study("mine.toml")


@pytest.mark.parametrize(
    "key", ["a." * 200_000 + "b = 1", '"a" . ' * 200_000 + "b = 1", "[" + "a." * 200_000 + "b]"]
)
def test_a_key_of_many_tables_takes_no_time(key: str):
    started = time.process_time()
    with pytest.raises(SpecError, match="nested too deeply"):
        study_from_toml(key)
    assert time.process_time() - started < 1


def test_names_and_words_without_end_are_neither_listed_nor_compared():
    started = time.process_time()
    many = [f"{number} " + "x" * 10_000 for number in range(2_000)]
    assert nearest("x" * 100_000, many) == nearest("x", many) == ""
    assert listing(map(str, range(2_000))).endswith("'99', … (2,000 in all)")
    assert time.process_time() - started < 1


def test_a_network_has_at_most_a_thousand_layers():
    with pytest.raises(SpecError, match="has 1,001 layers; at most 1,000 are allowed"):
        Network(widths=(1,) * 1002)
