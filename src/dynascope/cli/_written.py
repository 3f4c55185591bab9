"""What `--out` of an analysis names: a file of numbers, or a picture."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from .._errors import InputError
from ..data import save
from ._options import Options

#: Formats of numbers and of pictures.
NUMBERS, PICTURES = (".nc", ".npz"), (".png", ".svg", ".pdf")


def out_of(options: Options) -> Path | None:
    """The file of `--out`, which must have a folder and a known ending."""
    out = None if options.out is None else Path(options.out)
    if out is not None and (out.suffix.lower() not in (*NUMBERS, *PICTURES) or not out.parent.is_dir()):
        raise InputError(
            f"`--out {out}` must be a file in an existing folder that ends in {', '.join((*NUMBERS, *PICTURES))}."
        )
    return out


def written(result: Any, out: Path, draw: Callable[[Callable[..., Any]], Any] | None = None) -> Path:
    """The file, once it holds the result or its picture; `draw(plot)` makes another figure than `plot(result)`."""
    if out.suffix.lower() in NUMBERS:
        return save(result, out)
    # Drawing is slow to load: only a picture needs it.
    from ..plots import plot

    (plot(result) if draw is None else draw(plot)).savefig(out)
    return out
