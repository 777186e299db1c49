"""The formats of recordings, one file each; the contract is :mod:`tinykit.meters.importing`."""
