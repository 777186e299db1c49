"""The commands of ``tinykit meter``, a file each."""
