"""Data sets: loading them without trusting them, and fitting them to a model.

>>> from tinykit.datasets import load_dataset
>>> data = load_dataset(Path("eval.npz"), input_shape=(28, 28, 1))

Formats are one file each in ``tinykit/datasets/formats``; another package adds one through the entry
point group ``tinykit.dataset_loaders``. Nothing is ever unpickled.
"""

from tinykit.datasets.dataset import Dataset, check_labels
from tinykit.datasets.load import load_dataset, loaders
from tinykit.datasets.loader import DEFAULT_MAX_BYTES, Loaded, Loader, LoadOptions

__all__ = [
    "DEFAULT_MAX_BYTES",
    "Dataset",
    "LoadOptions",
    "Loaded",
    "Loader",
    "check_labels",
    "load_dataset",
    "loaders",
]
