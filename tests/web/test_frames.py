"""Frames: what is put in comes out, where and as the page expects it."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from trainlab.web.frames import TYPES, Frame, decode, encode, error_frame


@given(
    st.lists(
        st.sampled_from(sorted(TYPES)).flatmap(
            lambda name: hnp.arrays(TYPES[name], hnp.array_shapes(min_dims=1, max_dims=3, min_side=0))
        ),
        max_size=4,
    ),
    st.text(max_size=20),
)
def test_arrays_come_back_to_the_bit(arrays: list[np.ndarray], words: str):
    given = {f"array {place}": values for place, values in enumerate(arrays)}
    header, found = decode(encode(Frame(kind="some", fields={"words": words}, arrays=given), id=7))
    assert (header["id"], header["kind"], header["last"], header["words"]) == (7, "some", True, words)
    assert list(found) == list(given)
    for name, values in given.items():
        assert found[name].shape == values.shape
        assert found[name].tobytes() == values.tobytes()


def test_every_array_begins_at_a_multiple_of_eight_bytes():
    message = encode(
        Frame(
            kind="ü", fields={}, arrays={"a": np.zeros(3, np.uint8), "b": np.zeros(2), "c": np.zeros(1, "i4")}
        )
    )
    (length,) = struct.unpack_from("<I", message)
    assert (4 + length) % 8 == 0
    header = json.loads(message[4 : 4 + length])
    assert [place for *_, place in header["arrays"]] == [0, 8, 24]
    assert len(message) == 4 + length + 32


def test_what_json_has_not_is_null_and_numpys_numbers_are_plain():
    fields = {"nan": float("nan"), "deep": [{"inf": np.inf}], "count": np.int64(3), "share": np.float32(0.5)}
    header, _ = decode(encode(Frame(kind="some", fields=fields)))
    assert {name: header[name] for name in fields} == {
        "nan": None,
        "deep": [{"inf": None}],
        "count": 3,
        "share": 0.5,
    }


def test_bools_and_long_integers_are_sent_as_what_javascript_has():
    arrays = {"flags": np.array([True, False]), "long": np.array([[-1], [2**31 - 1]])}
    arrays["seeds"] = np.array([2**53 - 1])
    header, found = decode(encode(Frame(kind="some", fields={}, arrays=arrays)))
    assert [kind for _, kind, *_ in header["arrays"]] == ["u1", "i4", "f8"]
    assert found["flags"].tolist() == [1, 0]
    assert found["long"].tolist() == [[-1], [2**31 - 1]]
    assert found["seeds"].tolist() == [2**53 - 1]


def test_what_no_page_can_read_is_refused():
    with pytest.raises(TypeError, match="an array of complex128 can't be sent"):
        encode(Frame(kind="some", fields={}, arrays={"a": np.zeros(1, complex)}))
    with pytest.raises(TypeError, match="a complex can't be sent"):
        encode(Frame(kind="some", fields={"a": 1j}))


@pytest.mark.parametrize(
    ("message", "told"),
    [
        ("optimizer.lr = -1.0: must be a finite number ≥ 0.", {"field": "optimizer.lr"}),
        ("network.widths[1] = 'x': must be a whole number.", {"field": "network.widths.1"}),
        ("init.weight lists 2 values, but the network has 3 layers", {"field": "init.weight"}),
        ("after.epochs = 9: too many.", {"field": "after.epochs"}),
        ("network: this field is required.", {"field": "network"}),
        ("B: optimizer.lr = -1.0: must be a finite number ≥ 0.", {"field": "optimizer.lr", "side": "b"}),
        ("seeds = 5,000: at most 1,024 are allowed here.", {}),
        ("something.else = 1: isn't a field.", {}),
        ("The server has too little memory.", {}),
    ],
)
def test_an_error_names_the_field_that_it_is_about(message: str, told: dict[str, str]):
    frame = error_frame(message)
    assert frame.kind == "error"
    assert frame.last
    assert frame.fields == {"message": message, **told}


def test_an_error_is_one_line():
    assert error_frame("two\nlines").fields == {"message": "two lines"}
