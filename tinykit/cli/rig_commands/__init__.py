"""The commands of ``tinykit rig``, a file each."""
