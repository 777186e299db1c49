"""The commands of ``tinykit session``, a file each."""
