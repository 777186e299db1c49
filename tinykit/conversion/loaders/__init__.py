"""The formats of float models, one file each; the contract is :mod:`tinykit.conversion.loader`."""
