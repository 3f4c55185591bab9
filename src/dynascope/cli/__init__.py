"""The command line: parse, call, print. It answers `list` and `--help` without loading JAX or any model."""

from ._app import main as main
