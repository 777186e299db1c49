"""Draws docs/images: ``python docs/make_images.py [FOLDER]``. The how-to pages show the command of the same comparison."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tinykit.cli.compare import command
from tinykit.cli.compare_job import collect
from tinykit.comparison.catalog import Catalog
from tinykit.comparison.compare import compare
