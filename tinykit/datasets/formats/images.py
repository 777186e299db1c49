"""A folder of images: one sub-folder a class, numbered in the order of their sorted names.

A folder with images and no sub-folders is a set without labels (good for calibration). Size and
channels come from the model's input shape; images of another size are resized (bilinear,
antialiased). As in Keras, an EXIF orientation is not applied, and of an animation the first frame counts.
"""

from __future__ import annotations

import hashlib
import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from tinykit.datasets.loader import Loaded, Loader, LoadOptions, check_size, sha256_file
from tinykit.errors import DatasetError, MissingExtraError

if TYPE_CHECKING:
    from PIL import Image

_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm"})
_MODES = {1: "L", 3: "RGB", 4: "RGBA"}


@dataclass(frozen=True)
class _Listing:
    files: tuple[Path, ...]
    labels: npt.NDArray[np.int64] | None
    class_names: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Target:
    """What every image becomes: PIL mode and size, array shape, and the two numbers (or vectors)."""

    shape: tuple[int, ...]
    mode: str
    mean: npt.NDArray[np.float32]
    scale: npt.NDArray[np.float32]

    @property
    def size(self) -> tuple[int, int]:
        """(width, height), as PIL counts."""
        return self.shape[1], self.shape[0]


def _load(path: Path, options: LoadOptions) -> Loaded:
    try:
        import PIL.Image
    except ModuleNotFoundError as error:
        raise MissingExtraError("Pillow, which reads images,", "convert") from error
    listing = _list(path)
    with _open(listing.files[0]) as first:
        target = _target(path, first, options)
    check_size(f"{path}, as float32,", 4 * len(listing.files) * math.prod(target.shape), options)
    x = np.empty((len(listing.files), *target.shape), dtype=np.float32)
    digest = hashlib.sha256()
    resized = 0
    options.progress.start("reading images", len(listing.files))
    for i, file in enumerate(listing.files):
        with _open(file) as image:
            resized += image.size != target.size
            x[i] = _pixels(file, image, target, PIL.Image.Resampling.BILINEAR)
        digest.update(f"{file.relative_to(path).as_posix()}\0{sha256_file(file)}\n".encode())
        options.progress.advance()
    options.progress.finish()
    size = f"{target.size[0]}x{target.size[1]}"
    notes = (f"{resized} of {len(x)} images were resized to {size}.",) if resized else ()
    return Loaded(x, listing.labels, digest.hexdigest(), listing.class_names, (*listing.notes, *notes))


def _list(path: Path) -> _Listing:
    folders = sorted(p for p in path.iterdir() if p.is_dir() and not p.name.startswith("."))
    top, others = _images_in(path, folders)
    if top and folders:
        raise DatasetError(
            f"{path}: images lie beside class folders ({top[0].name!r} beside {folders[0].name!r}).",
            hint="put every image in the folder of its class, or all of them in one folder without labels.",
        )
    files, labels = list(top), []
    for label, folder in enumerate(folders):
        found, odd = _images_in(folder, [])
        files += found
        others += odd
        labels += [label] * len(found)
    if not files:
        named = f"; found {', '.join(p.name for p in others[:5])}" if others else ""
        raise DatasetError(
            f"{path}: there are no images{named}.",
            hint=f"images end in {', '.join(sorted(_SUFFIXES))}.",
            code="EMPTY",
        )
    notes = []
    if others:
        named = ", ".join(p.relative_to(path).as_posix() for p in others[:5])
        notes.append(f"{len(others)} entries are not images and were left out: {named}.")
    empty = [folder.name for label, folder in enumerate(folders) if label not in set(labels)]
    if empty:
        notes.append(f"Class folders without images: {', '.join(empty[:5])}.")
    y = np.array(labels, dtype=np.int64) if folders else None
    return _Listing(tuple(files), y, tuple(folder.name for folder in folders), tuple(notes))


def _images_in(folder: Path, known: list[Path]) -> tuple[list[Path], list[Path]]:
    """(images, other entries) of ``folder``, sorted; hidden entries are the system's and do not count."""
    entries = sorted(p for p in folder.iterdir() if not p.name.startswith(".") and p not in known)
    images = [p for p in entries if p.is_file() and p.suffix.lower() in _SUFFIXES]
    return images, [p for p in entries if p not in set(images)]


def _target(path: Path, first: Image.Image, options: LoadOptions) -> _Target:
    if options.image_scale is None:
        raise DatasetError(
            f"{path}: how were pixels scaled for training? 0..255, 0..1 and -1..1 are all usual.",
            hint="--image-scale 1 keeps 0..255; --image-scale 0.00392156862745098 gives 0..1; "
            "--image-mean 127.5 --image-scale 0.00784313725490196 gives -1..1.",
            code="IMAGE_SCALE",
        )
    grey = first.mode in ("1", "L", "I", "F", "I;16", "LA")
    natural = (first.size[1], first.size[0], 1 if grey else 3)
    wanted = options.input_shape if options.input_shape is not None else natural
    if len(wanted) not in (2, 3):
        raise DatasetError(
            f"{path}: the model takes samples of shape {wanted}, which are not images.",
            hint="images fit an input of (height, width) or (height, width, channels).",
            code="SHAPE",
        )
    shape = tuple(n if n is not None else natural[i] for i, n in enumerate(wanted))
    channels = shape[2] if len(shape) == 3 else 1
    if channels not in _MODES:
        raise DatasetError(
            f"{path}: the model takes {channels} channels {shape}; images have 1, 3 or 4.",
            hint="prepare such data yourself and give an .npz with x and y.",
            code="SHAPE",
        )
    mean, scale = (
        _per_channel(value, channels, name)
        for value, name in ((options.image_mean, "mean"), (options.image_scale, "scale"))
    )
    return _Target(shape, _MODES[channels], mean, scale)


def _per_channel(value: float | tuple[float, ...], channels: int, name: str) -> npt.NDArray[np.float32]:
    numbers = np.asarray(value, dtype=np.float32)
    if numbers.size not in (1, channels) or not np.isfinite(numbers).all():
        raise DatasetError(
            f"--image-{name} {value}: one finite number, or one for each of {channels} channels, is needed.",
            hint="for example --image-scale 0.00392156862745098.",
        )
    return numbers.reshape(-1) if channels > 1 else numbers.reshape(-1)[:1]


def _open(file: Path) -> Image.Image:
    """Open lazily: only the header is read. Pillow's own limit on pixels becomes an error here."""
    import PIL.Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", PIL.Image.DecompressionBombWarning)
            return PIL.Image.open(file)
    except (PIL.Image.DecompressionBombWarning, PIL.Image.DecompressionBombError) as error:
        raise DatasetError(
            f"{file}: the image claims too many pixels.",
            hint="shrink it first; a model of this kind sees a few hundred pixels a side.",
            code="TOO_LARGE",
        ) from error
    except (OSError, ValueError, SyntaxError) as error:
        raise _corrupt(file, error) from error


def _pixels(
    file: Path, image: Image.Image, target: _Target, resampling: Image.Resampling
) -> npt.NDArray[np.float32]:
    if image.mode.startswith(("I", "F")):
        # Pillow would cut everything above 255 off without a word.
        raise DatasetError(
            f"{file}: pixels have more than 8 bits (mode {image.mode}).",
            hint="save the images with 8 bits a channel, or prepare an .npz with x and y.",
            code="DTYPE",
        )
    try:
        picture = image.convert(target.mode)
        if picture.size != target.size:
            picture = picture.resize(target.size, resampling)
    # Pillow's decoders raise many kinds of errors on damaged files.
    except (OSError, ValueError, SyntaxError, IndexError, EOFError, OverflowError) as error:
        raise _corrupt(file, error) from error
    pixels = np.asarray(picture, dtype=np.float32).reshape(target.shape)
    return (pixels - target.mean) * target.scale


def _corrupt(file: Path, error: Exception) -> DatasetError:
    return DatasetError(
        f"{file}: this image cannot be read: {' '.join(str(error).split())[:120]}.",
        hint="replace the file or take it out of the folder.",
        code="DAMAGED",
    )


LOADER = Loader(
    name="images",
    description="a folder of images, a sub-folder for each class",
    accepts=lambda path: path.is_dir(),
    load=_load,
)
