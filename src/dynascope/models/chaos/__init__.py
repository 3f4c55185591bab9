"""Chaotic flows, delay flows and maps of the literature, a file per group."""

from ._sprott import SprottB as SprottB
