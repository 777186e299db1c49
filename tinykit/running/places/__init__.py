"""One file a place to run on, each with an instance ``RUNNER`` of `tinykit.running.runner.Runner`."""
