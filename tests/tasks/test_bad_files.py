"""What is wrong with a file is told in one line: where, what, and what to do."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainlab.errors import SpecError
from trainlab.spec.tasks import File, Scaling, Split
from trainlab.tasks import build
from trainlab.tasks.columns import AskedColumns
from trainlab.tasks.parquet_file import read_parquet


def fault(path: str, **fields: object) -> str:
    with pytest.raises(SpecError) as caught:
        build(File(path=path, **fields), Split(), Scaling())  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    return message


CSV = {
    "ragged": ("a,y\n1,2\n1\n", {}, "line 3 has 1 value, but line 1 has 2; every line must have as many."),
    "nan": (
        "a,y\n1,2\n\nnan,2\n",
        {},
        "line 4, column 'a' is nan; every number must be finite. Fill it in, or leave this example out.",
    ),
    "infinite target": (
        "1,2\n1,2\n1,-inf\n",
        {},
        "line 3, column 1 is -inf; every number must be finite. Fill it in, or leave this example out.",
    ),
    "overflow": (
        "1,2\n1e999,2\n",
        {},
        "line 2, column 0 is inf; every number must be finite. Fill it in, or leave this example out.",
    ),
    "missing": ("a,y\n1,2\n,2\n", {}, "line 3, column 'a' is empty. Fill it in, or leave this example out."),
    "missing target": (
        "a,y\n1,2\n3,\n",
        {},
        "line 3, column 'y' is empty. Fill it in, or leave this example out.",
    ),
    "text": (
        "a,y\n1,2\nred,2\n",
        {},
        "line 3, column 'a' is 'red'; inputs must be numbers. Write numbers instead, leave the column out "
        "with "
        "task.ignore = 'a', or, if it is what is to be predicted, set task.target = 'a'.",
    ),
    "underscore": (
        "1,2\n1_0,2\n",
        {},
        "line 2, column 0 is '1_0'; inputs must be numbers. Write numbers instead, leave the column out with "
        "task.ignore = 0, or, if it is what is to be predicted, set task.target = 0.",
    ),
    "half text": (
        "a,y\n1,2\n1,1.O\n",
        {},
        "line 3: the target '1.O' is not a number, though others are. If the column holds labels, say "
        "kind = 'classes'.",
    ),
    "text regression": ("1,b\n2,c\n", {"kind": "regression"}, "line 1: the target 'b' is not a number."),
    "unknown column": (
        "height,width,weight\n1,2,3\n",
        {"targets": "wieght"},
        "targets = 'wieght': no such column; it has 'height', 'width' and 'weight'. Did you mean 'weight'?",
    ),
    "no headings": (
        "1,2,3\n1,2,3\n",
        {"targets": "y"},
        "targets = 'y': the file has no headings; give the column's number, 0 to 2.",
    ),
    "beyond": ("1,2\n1,2\n", {"targets": 2}, "targets = 2: must be a column from 0 to 1, or from -2 to -1."),
    "double heading": (
        "y,y,x\n1,2,3\n",
        {"targets": "y"},
        "targets = 'y': 2 columns have this heading; give the column's number.",
    ),
    "twice": ("a,b,y\n1,2,3\n", {"targets": ("y", -1)}, "targets = ('y', -1): name column 'y' only once."),
    "no inputs": (
        "1\n2\n",
        {},
        "no column is left for the inputs: it has 1 and all are targets; at least one must be an input.",
    ),
    "blank": ("\n \n", {}, "is empty; it must have a row for each example."),
    "only headings": ("a,y\n", {}, "has headings but no examples; add a row for each."),
    "quote": ('a,y\n1,2\n"1,2\n', {}, "line 3 is not CSV (unexpected end of data)."),
    "one class": ("1,b\n2,b\n", {}, "the target has 1 class; it must have 2 to 1,000."),
    "many labels": (
        "".join(f"1,label {place}\n" for place in range(1001)),
        {},
        "the target has 1,001 classes; it must have 2 to 1,000.",
    ),
    "not binary": (
        "1,b\n2,c\n3,d\n",
        {"kind": "binary"},
        "kind = 'binary': the target has 3 different labels; it must have two. Use kind = 'classes'.",
    ),
    "not two numbers": (
        "1,1\n2,2\n3,3\n",
        {"kind": "binary"},
        "kind = 'binary': the target has 3 different values; it must have two. Use kind = 'classes' or "
        "'regression'.",
    ),
    "two binary": (
        "1,1,0\n2,0,1\n",
        {"kind": "binary", "targets": (1, 2)},
        "kind = 'binary': 2 columns are targets; there must be one.",
    ),
    "not one-hot": (
        "1,1,1\n2,0,1\n",
        {"kind": "classes", "targets": (1, 2)},
        "kind = 'classes': 2 columns are targets, but not every row has one 1 among 0s; give one column of "
        "labels, or one-hot columns.",
    ),
    "text among targets": (
        "1,1,b\n2,0,c\n",
        {"targets": (1, 2)},
        "2 columns are targets and some hold texts; texts are classes, which need a single column.",
    ),
    "wide": (",".join(["1"] * 4098), {}, "has 4,097 features; at most 4,096 are allowed."),
}


@pytest.mark.parametrize("case", CSV)
def test_a_bad_csv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str):
    content, fields, message = CSV[case]
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(content)
    assert fault("data.csv", **fields) == f"data.csv: {message}"


def test_a_text_late_in_a_long_file_is_found_at_its_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text("a,y\n" + "1,2\n" * 24_000 + "1,2\nx,2\n")
    assert fault("data.csv").startswith("data.csv: line 24003, column 'a' is 'x'; inputs must be numbers.")


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    assert fault("no.csv") == (
        "no.csv: no such file; a path in a study file starts at that file's folder, in Python at the working "
        "directory."
    )
    Path("folder.csv").mkdir()
    assert fault("folder.csv") == "folder.csv: is a folder; give a CSV, Parquet or .npz file."
    assert fault("/dev/null") == "/dev/null: is not a file; give a CSV, Parquet or .npz file."
    Path("empty.csv").touch()
    assert fault("empty.csv") == "empty.csv: is empty; it must have a row for each example."
    with open("huge.csv", "wb") as handle:
        handle.truncate(1_000_000_001)
    assert fault("huge.csv") == "huge.csv: is larger than 1,000,000,000 bytes; train on a part of it."
    Path("latin.csv").write_bytes("größe,y\n1,2\n".encode("latin-1"))
    assert fault("latin.csv") == (
        "latin.csv: is not text in UTF-8. Set task.encoding to what it was saved in, such as 'cp1252' "
        "(Windows) "
        "or 'latin-1', or save it in UTF-8."
    )
    Path("data.xlsx").write_text("x")
    assert fault("data.xlsx") == (
        "data.xlsx: its ending '.xlsx' says nothing; must be '.csv', '.tsv', '.txt', '.parquet' or '.npz'."
    )


def test_a_file_that_may_not_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "data.csv"
    path.write_text("1,2\n")

    def refuse(*_args: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    assert fault(str(path)) == f"{path}: can't be read (Permission denied)."


NPZ = {
    "one dimension": (
        {"inputs": np.ones(3), "targets": np.ones(3)},
        "inputs has shape (3,); it must have two dimensions, examples and features. inputs.reshape(-1, 1) "
        "makes one feature.",
    ),
    "three dimensions": (
        {"inputs": np.ones((3, 1)), "targets": np.ones((3, 1, 1))},
        "targets has shape (3, 1, 1); it must have one or two dimensions.",
    ),
    "lengths": (
        {"inputs": np.ones((3, 2)), "targets": np.ones(4)},
        "3 inputs but 4 targets; every example needs one of each.",
    ),
    "nothing": (
        {"inputs": np.ones((0, 2)), "targets": np.ones(0)},
        "inputs has shape (0, 2), targets (0,): at least one example with one feature and one target is "
        "needed.",
    ),
    "nan": (
        {"inputs": np.array([[0, 1], [2, np.nan]]), "targets": np.ones(2)},
        "inputs[1, 1] is nan; every number must be finite. Fill it in, or leave this example out.",
    ),
    "infinite target": (
        {"inputs": np.ones((2, 1)), "targets": np.array([0, np.inf])},
        "targets[1] is inf; every number must be finite. Fill it in, or leave this example out.",
    ),
    "texts": (
        {"inputs": np.array([["a"]]), "targets": np.ones(1)},
        "inputs has dtype '<U1'; it must hold numbers.",
    ),
    "complex": (
        {"inputs": np.ones((1, 1)), "targets": np.ones(1, complex)},
        "targets has dtype 'complex128'; it must hold numbers, or texts for classes.",
    ),
    "names": (
        {"x": np.ones((1, 1)), "y": np.ones(1)},
        "has no array 'targets'; its arrays: 'x' and 'y'. Name the array of targets with task.target.",
    ),
    "objects": (
        {"inputs": np.array([[None]]), "targets": np.ones(1)},
        "inputs holds Python objects, which aren't loaded; save it as numbers or texts.",
    ),
}


@pytest.mark.parametrize("case", NPZ)
def test_a_bad_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str):
    content, message = NPZ[case]
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", **content)
    assert fault("data.npz") == f"data.npz: {message}"


def test_other_faults_of_an_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", inputs=np.ones((2, 1)), targets=np.ones(2))
    assert fault("data.npz", target="inptus") == (
        "data.npz: target = 'inptus': no such array; it has 'inputs' and 'targets'. Did you mean 'inputs'?"
    )
    assert fault("data.npz", targets=("y", "z")) == (
        "data.npz: targets = ('y', 'z'): an .npz file has arrays, not columns; leave targets out. "
        "task.target "
        "names the array of targets."
    )
    assert fault("data.npz", ignore="x").startswith("data.npz: ignore = 'x': an .npz file has arrays, not")
    assert (
        fault("data.npz", decimal=",")
        == "data.npz: decimal = ',': is for CSV files alone; leave decimal out."
    )
    np.savez("three.npz", a=np.ones((2, 1)), b=np.ones((2, 1)), y=np.ones(2))
    assert fault("three.npz", target="y") == "three.npz: has no array 'inputs'; its arrays: 'a', 'b' and 'y'."
    Path("text.npz").write_text("1,2\n")
    assert fault("text.npz") == "text.npz: is not an .npz file that can be read (File is not a zip file)."
    whole = Path("data.npz").read_bytes()
    Path("cut.npz").write_bytes(whole[: len(whole) // 2])
    assert fault("cut.npz").startswith("cut.npz: is not an .npz file that can be read (")
    np.savez("data.npz", inputs=np.ones((2, 2), bool), targets=np.array(["ab", "c"]))
    monkeypatch.setattr("trainlab.tasks.raw_data.MAX_NUMBERS", 3)
    assert fault("data.npz") == (
        "data.npz: inputs has 4 numbers, 32 bytes in double precision; at most 3 are allowed. Train on a "
        "part of it."
    )
    monkeypatch.setattr("trainlab.tasks.raw_data.MAX_NUMBERS", 16)
    assert fault("data.npz") == (
        "data.npz: the texts of targets take 144 bytes; at most 128 are allowed. Write numbers for classes, "
        "or train on a part of it."
    )


def test_an_npz_that_unpacks_to_far_more_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A header promises a million million booleans: it is refused before any is read."""
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("data.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        for name, shape in (("inputs", (10**9, 1000)), ("targets", (10**9,))):
            with packed.open(f"{name}.npy", "w") as member:
                header = {"descr": "|b1", "fortran_order": False, "shape": shape}
                np.lib.format.write_array_header_1_0(member, header)
    assert "inputs has 1,000,000,000,000 numbers, 8,000,000,000,000 bytes" in fault("data.npz")


@pytest.mark.parametrize(
    ("member", "packing", "message"),
    [
        (b"no array", zipfile.ZIP_DEFLATED, "is not an .npz file that can be read ("),
        (
            b"\x93NUMPY\x01\x00\x10\x00{'descr': (((((((\n",
            zipfile.ZIP_DEFLATED,
            "is not an .npz file that can",
        ),
        (
            b"no array",
            zipfile.ZIP_LZMA,
            "inputs is packed in a way that NumPy doesn't write; save the arrays",
        ),
    ],
    ids=["no array", "tokens", "lzma"],
)
def test_members_that_are_no_arrays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, member: bytes, packing: int, message: str
):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("data.npz", "w", packing) as packed:
        packed.writestr("inputs.npy", member)
        packed.writestr("targets.npy", member)
    assert fault("data.npz").startswith(f"data.npz: {message}")


def test_codes_beyond_unicode_in_an_npz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    codes = np.array([[65, 0x110000]], np.uint32).view("<U2")
    np.savez("data.npz", inputs=np.ones((1, 1)), targets=codes[0])
    assert fault("data.npz") == "data.npz: targets holds codes that stand for no letter; it is damaged."


def test_a_text_that_a_parquet_file_keeps_once_is_held_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Of 20,000 rows with one text of 100,000 letters, 2 GB if each had its own."""
    monkeypatch.chdir(tmp_path)
    labels = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 10_000), pa.array(["x" * 100_000, "y"]))
    pq.write_table(pa.table({"a": pa.array(range(20_000)), "y": labels}), "data.parquet")
    raw = read_parquet(Path("data.parquet"), "data.parquet", AskedColumns(target=None, targets=(), ignore=()))
    (texts,) = raw.targets
    assert len({id(text) for text in texts}) == 2
    monkeypatch.setattr("trainlab.tasks.raw_data.MAX_NUMBERS", 12_000 * 8)
    pq.write_table(pa.table({"a": [1, 2], "y": ["x" * 1_000_000, "y"]}), "data.parquet")
    assert "the texts of column 'y' take 1," in fault("data.parquet")


PARQUET = {
    "texts": (
        {"a": ["x", "y"], "y": [1, 2]},
        "row 0, column 'a' is 'x'; inputs must be numbers. Write numbers instead, leave the column out with "
        "task.ignore = 'a', or, if it is what is to be predicted, set task.target = 'a'.",
    ),
    "null": (
        {"a": [1.0, None], "y": [1, 2]},
        "row 1, column 'a' is empty. Fill it in, or leave this example out.",
    ),
    "nan": (
        {"a": [1.0, 2.0], "y": [float("nan"), 2]},
        "row 0, column 'y' is nan; every number must be finite. Fill it in, or leave this example out.",
    ),
    "lists": (
        {"a": [[1], [2]], "y": [1, 2]},
        "column 'a' holds 'list<element: int64>'; only numbers and texts can be read. Leave the column out "
        "with "
        "task.ignore = 'a'.",
    ),
    "no rows": ({"a": pa.array([], pa.float64())}, "has no examples; it must have a row for each."),
}


@pytest.mark.parametrize("case", PARQUET)
def test_a_bad_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str):
    content, message = PARQUET[case]
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table(content), "data.parquet")
    assert fault("data.parquet") == f"data.parquet: {message}"


def test_other_faults_of_a_parquet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("text.parquet").write_text("a,y\n1,2\n")
    assert fault("text.parquet").startswith("text.parquet: is not a Parquet file that can be read (")
    pq.write_table(pa.table({"a": [1, 2], "y": [1, 2]}), "data.parquet")
    monkeypatch.setattr("trainlab.tasks.raw_data.MAX_NUMBERS", 3)
    assert fault("data.parquet").startswith("data.parquet: the file has 4 numbers, 32 bytes in double")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert fault("data.parquet") == (
        "data.parquet: needs pyarrow (import of pyarrow halted; None in sys.modules); "
        "install it with: pip install 'trainlab[data]'."
    )
