"""What is wrong with a file is told in one line: where, what, and what to do."""

import sys
import zipfile
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from trainlab.errors import SpecError, how_to_install
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
    monkeypatch.setattr("trainlab.tasks.columns.MAX_NUMBERS", 3)
    assert fault("data.npz") == (
        "data.npz: inputs has 4 numbers, 32 bytes in double precision; at most 3 are allowed. Train on a "
        "part of it."
    )
    monkeypatch.setattr("trainlab.tasks.columns.MAX_NUMBERS", 16)
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


def test_an_npz_is_judged_by_its_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """None of these has its values, which nobody asks for."""
    monkeypatch.chdir(tmp_path)

    def headed(
        inputs: tuple[int, ...], targets: tuple[int, ...], kinds: tuple[str, str] = ("|b1", "|b1")
    ) -> str:
        with zipfile.ZipFile("data.npz", "w") as packed:
            for name, shape, kind in zip(("inputs", "targets"), (inputs, targets), kinds, strict=True):
                with packed.open(f"{name}.npy", "w") as member:
                    header = {"descr": kind, "fortran_order": False, "shape": shape}
                    np.lib.format.write_array_header_1_0(member, header)
        return fault("data.npz")

    assert headed((90_000_000, 1), (5,)).startswith(
        "data.npz: 90,000,000 inputs but 5 targets; every example"
    )
    assert headed((2, 5_000), (2,)) == "data.npz: has 5,000 features; at most 4,096 are allowed."
    assert "inputs has dtype 'complex64'; it must hold numbers." in headed((2, 1), (2,), ("<c8", "|b1"))
    assert "targets holds texts of 90,000,000 letters; at most" in headed((2, 1), (2,), ("|b1", "<U90000000"))
    assert "2 columns are targets and some hold texts" in headed((2, 1), (2, 2), ("|b1", "<U3"))


def test_an_npz_of_a_header_or_a_list_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("data.npz", "w", zipfile.ZIP_DEFLATED) as packed:
        for name in ("inputs.npy", "targets.npy"):
            length = 1_000_000
            packed.writestr(name, b"\x93NUMPY\x02\x00" + length.to_bytes(4, "little") + b" " * length)
    assert "(EOF: reading array header, expected 1000000 bytes got 65524)" in fault("data.npz")
    monkeypatch.setattr("trainlab.tasks.npz_file.MAX_LIST", 100)
    assert "(its list of arrays has 113 bytes; at most 100 are allowed)" in fault("data.npz")


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


def test_a_parquet_file_is_judged_before_it_unfolds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A few hundred bytes of 2 GB, had each row its own text, in a row group each."""
    monkeypatch.chdir(tmp_path)
    labels = pa.DictionaryArray.from_arrays(pa.array([0, 1] * 10_000), pa.array(["x" * 100_000, "y"]))
    pq.write_table(pa.table({"a": pa.array(range(20_000)), "y": labels}), "data.parquet", compression="zstd")
    assert fault("data.parquet").startswith(
        "data.parquet: row 0, column 'y' is a text of 100,000 letters, 'xxx"
    )
    monkeypatch.setattr("trainlab.tasks.parquet_file.MAX_TEXTS", 50_000)
    assert "the texts of column 'y' take 102," in fault("data.parquet")
    assert "in row group 0; at most 50,000 are allowed. Write numbers for classes" in fault("data.parquet")
    monkeypatch.setattr("trainlab.tasks.parquet_file.MAX_FOOTER", 500)
    assert "bytes; at most 500 are allowed. Write fewer columns, or larger row groups." in fault(
        "data.parquet"
    )
    many = [f"{row}" * 2 for row in range(1_001)]
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    pq.write_table(pa.table({"a": pa.array(range(1_001)), "y": many}), "many.parquet")
    assert fault("many.parquet").startswith("many.parquet: column 'y' has more than 1,000 different texts;")


def test_many_columns_are_refused_by_the_schema_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    column = pa.array([1.0])
    for names in ([f"c{place}" for place in range(4_200)], ["c"] * 4_200):
        pq.write_table(pa.Table.from_arrays([column] * 4_200, names), "wide.parquet")
        assert fault("wide.parquet") == "wide.parquet: has 4,199 features; at most 4,096 are allowed."
    Path("wide.csv").write_text(",".join(["1"] * 4_200) + "\n1\n")
    assert fault("wide.csv") == "wide.csv: has 4,199 features; at most 4,096 are allowed."


class Span(pa.ExtensionType):
    """A type of two columns, as pandas' intervals are once pandas is loaded."""

    def __init__(self):
        super().__init__(pa.struct({"low": pa.int64(), "high": pa.int64()}), "test.span")

    def __arrow_ext_serialize__(self) -> bytes:
        return b""

    @classmethod
    def __arrow_ext_deserialize__(cls, storage_type: pa.DataType, serialized: bytes):
        return cls()


def test_columns_after_one_of_an_extension_are_those_of_their_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    spans = pa.array([{"low": 1, "high": 2}] * 2, Span().storage_type)
    columns = {"a": pa.ExtensionArray.from_storage(Span(), spans), "x": [1, 2], "w": [3, 4], "y": [5, 6]}
    pq.write_table(pa.table(columns), "data.parquet")
    pa.register_extension_type(Span())
    try:
        raw = read_parquet(Path("data.parquet"), "data.parquet", AskedColumns(target="y", ignore=("a", "x")))
    finally:
        pa.unregister_extension_type("test.span")
    assert raw.inputs.tolist() == [[3], [4]]
    assert np.asarray(raw.targets[0]).tolist() == [5, 6]


def test_columns_of_one_name_and_nested_ones_are_told_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    nested = pa.array([{"b": 7, "c": [1, 2]}, {"b": 8, "c": []}])
    columns = [nested, pa.array([1, 2]), pa.array([5, 6]), pa.array([3, 4]), pa.array([b"x", b"y"])]
    table = pa.Table.from_arrays(columns, names=["a", "a.b", "m", "m", "raw"])
    pq.write_table(table, "data.parquet", row_group_size=1)
    asked = AskedColumns(target=2, ignore=(0, 4))
    raw = read_parquet(Path("data.parquet"), "data.parquet", asked)
    assert raw.inputs.tolist() == [[1, 3], [2, 4]]
    assert np.asarray(raw.targets[0]).tolist() == [5, 6]
    assert raw.feature_names == ("a.b", "column 3")
    texts = pa.array(["p", "q"])
    pq.write_table(pa.Table.from_arrays([texts, columns[1], texts], names=["m", "a", "m"]), "data.parquet")
    assert fault("data.parquet", ignore=0) == (
        "data.parquet: column 2 holds texts, and others are called 'm', too; rename it."
    )


def test_numbers_written_as_texts_are_no_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    np.savez("data.npz", inputs=np.ones((2, 1)), targets=np.array(["1", "2"]))
    pq.write_table(pa.table({"a": [1, 2], "y": ["1", "2"]}), "data.parquet")
    for name, first in (("data.npz", "targets[0]"), ("data.parquet", "row 0")):
        assert fault(name) == (
            f"{name}: {first}: the target '1' is a text, as all others are. Save them as numbers, "
            "or, if they are labels, say kind = 'classes'."
        )
        assert build(File(path=name, kind="classes"), Split(), Scaling()).class_names == ("1", "2")


def test_a_category_that_no_row_has_is_no_class(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    labels = pa.DictionaryArray.from_arrays(pa.array([2, 0]), pa.array(["p", "x" * 5_000, "q"]))
    pq.write_table(pa.table({"a": [1, 2], "y": labels}), "data.parquet")
    assert build(File(path="data.parquet"), Split(), Scaling()).class_names == ("p", "q")


BOUNDED = {
    "one line": (
        "1," * 600_000,
        "has more than 1,000,000 characters in a line; it is no table, or too wide a",
    ),
    "one row": (
        "a,y\n" + '"a\nb",' * 200_000,
        "line 166669 is not CSV (a row of more than 1,000,000 characters).",
    ),
    "empty lines": ("\n" * 1_000_002, "has more than 1,000,000 lines that are empty; it is no table, or too"),
    "long label": (f"1,a\n2,{'b' * 1_001}\n", "line 2, column 1 is a text of 1,001 letters, 'bbb"),
    "classes": (
        "".join(f"1,k{row % 500}\n" for row in range(5_000)),
        "a target for each of 500 classes has 2,500,000 numbers, 20,000,000 bytes in double precision",
    ),
}


@pytest.mark.parametrize("case", BOUNDED)
def test_what_a_csv_may_unfold_to_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, case: str):
    content, message = BOUNDED[case]
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trainlab.tasks.columns.MAX_NUMBERS", 2_000_000)
    Path("data.csv").write_text(content)
    assert fault("data.csv").startswith(f"data.csv: {message}")


def test_a_long_text_that_is_left_out_is_no_matter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    Path("data.csv").write_text(f"a,note,y\n1,{'b' * 5_000},2\n3,,4\n")
    assert build(File(path="data.csv", ignore="note"), Split(), Scaling()).inputs.tolist() == [[1], [3]]


def test_targets_that_turn_out_to_be_texts_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("trainlab.tasks.csv_file.BLOCK", 4)
    Path("data.csv").write_text("a,y\n" + "1,1.0\n" * 9 + "1,1\n1,x\n")
    assert build(File(path="data.csv", kind="classes"), Split(), Scaling()).class_names == ("1", "1.0", "x")


PARQUET = {
    "texts": (
        {"a": ["x", "y"], "y": [1, 2]},
        "column 'a' holds texts; inputs must be numbers. Write numbers instead, leave the column out with "
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
    monkeypatch.setattr("trainlab.tasks.columns.MAX_NUMBERS", 3)
    assert fault("data.parquet").startswith("data.parquet: the file has 4 numbers, 32 bytes in double")
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert fault("data.parquet") == (
        "data.parquet: needs pyarrow (import of pyarrow halted; None in sys.modules). "
        f"Install it with: {how_to_install('data')}"
    )
