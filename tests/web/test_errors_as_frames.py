from __future__ import annotations

import pytest

from trainlab.web.errors_as_frames import error_frame


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
