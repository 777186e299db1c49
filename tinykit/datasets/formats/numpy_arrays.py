"""``.npz`` with ``x`` and ``y``, and ``.npy`` with ``x``: read without trusting a single size in them.

NumPy's own reader believes the header's shape and asks for the memory first. Here the claimed size is
held against the bytes that are there, and against the caller's limit, before anything is allocated.
Layout of a .npy: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
"""

from __future__ import annotations

import io
import math
import struct
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from tinykit.datasets.loader import (
    DEFAULT_MAX_BYTES,
    Array,
    Loaded,
    Loader,
    LoadOptions,
    check_numeric,
    check_size,
    sha256_file,
)
from tinykit.errors import DatasetError

MAX_HEADER_BYTES = 10_000  # NumPy's own limit, which it checks after it has read that much


def _load(path: Path, options: LoadOptions) -> Loaded:
    if path.suffix.lower() == ".npy":
        with path.open("rb") as file:
            x = _read_array(file, path.stat().st_size, str(path), options)
        return Loaded(_at_least_1d(x, path), None, sha256_file(path))
    try:
        with zipfile.ZipFile(path) as archive:
            x, y = _read_members(archive, path, options)
    # zipfile reports an unknown compression as NotImplementedError and a password as RuntimeError.
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(str(path), str(error) or type(error).__name__) from error
    return Loaded(_at_least_1d(x, path), y, sha256_file(path))


def _read_members(archive: zipfile.ZipFile, path: Path, options: LoadOptions) -> tuple[Array, Array | None]:
    members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
    if "x" not in members:
        found = ", ".join(repr(name) for name in sorted(members)[:8]) or "nothing"
        raise DatasetError(
            f"{path}: there is no array `x`; found {found}.",
            hint="save the samples as x and the labels as y: np.savez(path, x=x, y=y).",
            code="NO_X",
        )
    wanted = [members[name] for name in ("x", "y") if name in members]
    check_size(f"{path}, unpacked,", sum(info.file_size for info in wanted), options)
    arrays = []
    for info in wanted:
        with archive.open(info) as file:
            name = info.filename.removesuffix(".npy")
            arrays.append(_read_array(file, info.file_size, f"{path}: `{name}`", options))
    return arrays[0], arrays[1] if len(arrays) > 1 else None


def read_arrays(path: Path, names: Sequence[str], max_bytes: int = DEFAULT_MAX_BYTES) -> dict[str, Array]:
    """The arrays ``names`` of an .npz, for a model with several inputs.

    Raises DatasetError: NO_ARRAY where one is not there, DAMAGED, and for sizes that were not to be trusted.
    """
    options = LoadOptions(max_bytes=max_bytes)
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            missing = [name for name in names if name not in members]
            if missing:
                raise DatasetError(
                    f"{path} has no array {missing[0]!r}; it has {', '.join(sorted(members)) or 'none'}.",
                    hint=f"the model's inputs are {', '.join(map(repr, names))}: save an array for each.",
                    code="NO_ARRAY",
                )
            wanted = {name: members[name] for name in names}
            check_size(f"{path}, unpacked,", sum(info.file_size for info in wanted.values()), options)
            arrays = {}
            for name, info in wanted.items():
                with archive.open(info) as file:
                    arrays[name] = _read_array(file, info.file_size, f"{path}: `{name}`", options)
            return arrays
    except OSError as error:
        raise DatasetError(
            f"{path}: cannot be read: {error.strerror or error}.", hint="check the path and its permissions."
        ) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError) as error:
        raise _damaged(str(path), str(error) or type(error).__name__) from error


def _read_array(file: IO[bytes], size_bytes: int, what: str, options: LoadOptions) -> Array:
    """One array from ``file``, which holds ``size_bytes`` in all."""
    try:
        shape, fortran_order, dtype = _read_header(file)
    # The header is a Python literal: a hostile one can fail in the parser in many ways.
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError, OverflowError) as error:
        raise _damaged(what, " ".join(str(error).split())[:120]) from error
    check_numeric(what, dtype)
    if any(not isinstance(n, int) or n < 0 for n in shape):
        raise _damaged(what, f"the header claims shape {shape}")
    claimed = math.prod(shape) * dtype.itemsize
    check_size(what, claimed, options)
    if claimed > size_bytes:
        raise _damaged(
            what,
            f"the header claims shape {shape} of {dtype}, {claimed:,} bytes, the file has {size_bytes:,}",
        )
    data = file.read(claimed)
    if len(data) != claimed:
        raise _damaged(what, f"it ends after {len(data):,} of {claimed:,} bytes of data")
    array = np.frombuffer(data, dtype=dtype)
    return array.reshape(shape[::-1]).T if fortran_order else array.reshape(shape)


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], bool, np.dtype[Any]]:
    """(shape, fortran_order, dtype); the claimed length of the header, up to 4 GiB, is checked first."""
    if npy.read_magic(file) == (1, 0):
        width, read_header = struct.Struct("<H"), npy.read_array_header_1_0
    else:
        width, read_header = struct.Struct("<I"), npy.read_array_header_2_0
    start = file.read(width.size)
    if len(start) < width.size:
        raise ValueError("it ends inside its header")
    (length,) = width.unpack(start)
    if length > MAX_HEADER_BYTES:
        raise ValueError(f"it claims a header of {length:,} bytes; the limit is {MAX_HEADER_BYTES:,}")
    return read_header(io.BytesIO(start + file.read(length)))


def _at_least_1d(x: Array, path: Path) -> Array:
    if x.ndim == 0:
        raise DatasetError(
            f"{path}: x is a single number.", hint="x needs one row for each sample.", code="SHAPE"
        )
    return x


def _damaged(what: str, reason: str) -> DatasetError:
    return DatasetError(
        f"{what} is damaged or not a NumPy file: {reason}.",
        hint="write it again with np.savez(path, x=x, y=y) and copy it whole.",
        code="DAMAGED",
    )


LOADER = Loader(
    name="numpy",
    description=".npz with x and y; .npy with x",
    accepts=lambda path: path.is_file() and path.suffix.lower() in (".npz", ".npy"),
    load=_load,
)
