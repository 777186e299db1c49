"""One member of a zip archive as a stream that can be entered in the middle, with bounded memory.

Nothing is ever unpacked to disk. Declared sizes are checked against what deflate can do before anything is
inflated, and what comes out against what was declared.
"""

from __future__ import annotations

import bisect
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath, PureWindowsPath

from tinykit.meters.importing import refused

CHUNK_BYTES = 1 << 18
_CHECKPOINT_EVERY = 1 << 26
# deflate's densest code is 258 bytes in 2 bits, so no honest member is denser (zlib's technical details).
_MAX_RATIO = 1032
_HINT = "take the original file; this one was changed, cut or made by something else."


@dataclass(frozen=True)
class _Checkpoint:
    """``inflated`` bytes have come out when the compressed byte at ``offset`` is the next."""

    inflated: int
    offset: int
    inflater: zlib._Decompress | None


@dataclass
class ZipMember:
    """Member ``name`` of the archive ``path``: ``size`` bytes. Made by :func:`open_member`."""

    path: Path
    name: str
    size: int
    crc: int
    _offset: int
    _packed: int
    _is_deflated: bool
    _checkpoints: list[_Checkpoint] = field(default_factory=list)

    def scan(self) -> Iterator[bytes]:
        """All of it, in pieces, once from the beginning; checked against size and CRC at the end."""
        crc, total = 0, 0
        self._checkpoints = [_Checkpoint(0, self._offset, self._inflater())]
        for piece in self._pieces(self._checkpoints[0], keep=True):
            total += len(piece)
            if total > self.size:
                break
            crc = zlib.crc32(piece, crc)
            yield piece
        if total != self.size or crc != self.crc:
            raise refused(
                self.path, f"{self.name} inside it is not what the archive says", _HINT, code="ZIP_DAMAGED"
            )

    def read(self, start: int) -> Iterator[bytes]:
        """The bytes from ``start`` on, in pieces; only after a whole :meth:`scan`."""
        place = bisect.bisect_right([point.inflated for point in self._checkpoints], start) - 1
        point = self._checkpoints[place]
        inflater = None if point.inflater is None else point.inflater.copy()
        skip = start - point.inflated
        for piece in self._pieces(_Checkpoint(point.inflated, point.offset, inflater), keep=False):
            if skip < len(piece):
                yield piece[skip:]
            skip = max(skip - len(piece), 0)

    def _inflater(self) -> zlib._Decompress | None:
        return zlib.decompressobj(-15) if self._is_deflated else None

    def _pieces(self, point: _Checkpoint, *, keep: bool) -> Iterator[bytes]:
        """Inflate from ``point``; with ``keep``, leave checkpoints on the way."""
        inflater = point.inflater.copy() if point.inflater is not None else None
        inflated = last = point.inflated
        with self.path.open("rb") as file:
            file.seek(point.offset)
            while packed := file.read(min(CHUNK_BYTES, self._offset + self._packed - file.tell())):
                if keep and inflated - last >= _CHECKPOINT_EVERY:
                    last = inflated
                    copy = None if inflater is None else inflater.copy()
                    self._checkpoints.append(_Checkpoint(inflated, file.tell() - len(packed), copy))
                for piece in self._inflate(inflater, packed):
                    inflated += len(piece)
                    yield piece
        if inflater is not None and (rest := inflater.flush()):
            yield rest

    def _inflate(self, inflater: zlib._Decompress | None, packed: bytes) -> Iterator[bytes]:
        if inflater is None:
            yield packed
            return
        try:
            # A piece of 256 KiB may hold 256 MiB: it is taken out in parts.
            while packed:
                if piece := inflater.decompress(packed, 16 * CHUNK_BYTES):
                    yield piece
                packed = inflater.unconsumed_tail
        except zlib.error as error:
            raise refused(
                self.path, f"{self.name} inside it does not unpack: {error}", _HINT, code="ZIP_DAMAGED"
            ) from error


def open_archive(path: Path) -> zipfile.ZipFile:
    """The archive's table of contents, checked. Raises RecordingError, ZIP_DAMAGED or ZIP_UNSAFE."""
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise refused(path, f"it is no whole zip archive: {error}", _HINT, code="ZIP_DAMAGED") from error
    names = [info.filename for info in archive.infolist()]
    for name in names:
        if _leaves(name) or names.count(name) > 1 or len(names) > 100:
            archive.close()
            raise refused(
                path,
                f"the archive holds '{name[:60]}', which such a file never does",
                _HINT,
                code="ZIP_UNSAFE",
            )
    return archive


def _leaves(name: str) -> bool:
    windows, posix = PureWindowsPath(name), PurePosixPath(name)
    return bool(windows.drive or windows.root or posix.is_absolute() or ".." in windows.parts)


def open_member(archive: zipfile.ZipFile, path: Path, name: str, max_bytes: int) -> ZipMember:
    """Member ``name``, not yet read. Raises RecordingError: ZIP_MEMBER, ZIP_UNSAFE or RECORDING_TOO_LARGE."""
    try:
        info = archive.getinfo(name)
    except KeyError as error:
        raise refused(path, f"there is no {name} inside", _HINT, code="ZIP_MEMBER") from error
    if info.flag_bits & 1 or info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refused(path, f"{name} inside is encrypted or packed strangely", _HINT, code="ZIP_MEMBER")
    if info.file_size > _MAX_RATIO * info.compress_size + 64 or info.compress_size > path.stat().st_size:
        raise refused(
            path,
            f"{name} inside claims {info.file_size:,} bytes out of {info.compress_size:,}: a zip bomb",
            _HINT,
            code="ZIP_UNSAFE",
        )
    if info.file_size > max_bytes:
        raise refused(
            path,
            f"{name} inside has {info.file_size:,} bytes; the limit is {max_bytes:,}",
            "export the part of the recording that you need.",
            code="RECORDING_TOO_LARGE",
        )
    with path.open("rb") as file:
        file.seek(info.header_offset)
        header = file.read(30)
    if len(header) < 30 or header[:4] != b"PK\x03\x04":
        raise refused(path, f"{name} inside is not where the archive says", _HINT, code="ZIP_DAMAGED")
    name_size, extra_size = struct.unpack("<HH", header[26:30])
    offset = info.header_offset + 30 + name_size + extra_size
    is_deflated = info.compress_type == zipfile.ZIP_DEFLATED
    return ZipMember(path, name, info.file_size, info.CRC, offset, info.compress_size, is_deflated)
