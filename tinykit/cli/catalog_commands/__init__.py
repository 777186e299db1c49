"""The commands of ``tinykit catalog``, a file each."""
