"""`.csv`: numbers with a header; every complaint names the line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tinykit.datasets import load_dataset
from tinykit.errors import DatasetError


def write(tmp_path: Path, text: str | bytes) -> Path:
    path = tmp_path / "d.csv"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


@pytest.mark.parametrize(
    ("header", "column", "label"),
    [("a,label,b", None, 1), ("a,b,Y", None, 2), ("a,kind,b", "kind", 1), ("y,label,a", None, 1)],
)
def test_the_label_column_is_found_by_name(
    tmp_path: Path, header: str, column: str | None, label: int
) -> None:
    rows = [[3.5, 1, 2], [4, 0, 1]] if label == 1 else [[3.5, 2, 1], [4, 1, 0]]
    text = "\n".join([header, *(",".join(map(str, row)) for row in rows)])
    data = load_dataset(write(tmp_path, text), label_column=column)
    assert data.y is not None
    assert data.y.tolist() == [1, 0]
    assert data.y.dtype == np.int64
    np.testing.assert_array_equal(data.x, np.delete(np.array(rows), label, axis=1).astype(np.float32))


def test_without_a_label_column_there_are_no_labels(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "a,b\n1,2\n"))
    assert data.y is None
    assert data.x.shape == (1, 2)


def test_wide_rows_take_the_shape_of_the_input(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "label,0,1,2,3\n1,1,2,3,4\n0,5,6,7,8\n"), input_shape=(2, 2, 1))
    assert data.x.shape == (2, 2, 2, 1)
    assert data.x[1, 1, 0, 0] == 7
    assert data.notes


def test_real_targets_stay_real_and_blank_lines_and_bom_do_not_matter(tmp_path: Path) -> None:
    data = load_dataset(write(tmp_path, "\ufeffy,a\r\n0.5,1\r\n\r\n1,2\r\n"))
    assert data.y is not None
    assert data.y.tolist() == [0.5, 1.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n3,x\n", r"line 3: column 'b': 'x' is not a number"),
        ("a,b\n1,2\n3,\n", r"line 3: column 'b': '' is not a number"),
        ("a,b\n1,nan\n", r"line 2: column 'b': 'nan' is not finite"),
        ("a,b\n1,-inf\n", r"line 2: column 'b': '-inf' is not finite"),
        ("a,b\n1,2,3\n", r"line 2: 3 cells, the header has 2"),
        ("a,b\n\n1\n", r"line 3: 1 cells, the header has 2"),
        ("1,2\n3,4\n", r"line 1: the header line is missing"),
        ("a;b\n1;2\n", r"not separated by commas"),
        ("y,y\n1,2\n", r"2 columns are called 'y'"),
        ("", r"the file is empty"),
        (b"a,b\n\xff\xfe,2\n", r"not UTF-8"),
        (b'a,b\n"1,2\n', r"not a table"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, text: str | bytes, message: str) -> None:
    with pytest.raises(DatasetError, match=message) as caught:
        load_dataset(write(tmp_path, text))
    assert caught.value.hint


def test_an_unknown_label_column_names_the_columns(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"no column 'kind'; the first are 'a', 'b'"):
        load_dataset(write(tmp_path, "a,b\n1,2\n"), label_column="kind")


def test_a_file_that_would_not_fit_is_refused_before_it_is_read(tmp_path: Path) -> None:
    with pytest.raises(DatasetError) as caught:
        load_dataset(write(tmp_path, "a\n" + "1\n" * 1000), max_bytes=1000)
    assert caught.value.code == "TOO_LARGE"
