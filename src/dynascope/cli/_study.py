"""The command `study`: lists reproduced papers, runs them, and prints the verdict on each claim."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from .._errors import InputError
from ._answer import Answer
from ._options import Options
from ._show import table


def study(name: str, options: Options) -> Answer:
    """One study or all of them; without a name, which there are."""
    # Studies draw, and drawing is slow to load: no other command needs it.
    from ..studies import STUDIES
    from ..studies import study as found

    if name and options.all:
        raise InputError(f"`--all` runs every study, so `{name}` says nothing more. Leave one of them out.")
    if not name and not options.all:
        return _listed(STUDIES)
    chosen = STUDIES if options.all else (found(name),)
    folder = options.out
    if folder is not None and Path(folder).exists() and not Path(folder).is_dir():
        raise InputError(f"`--out {folder}` is a file, and a study writes a folder. Choose another name.")
    claims: list[dict[str, Any]] = []
    studies: list[dict[str, Any]] = []
    texts: list[str] = []
    for one in chosen:
        outcome = one.run(seed=options.seed or 0, progress=not options.quiet and sys.stderr.isatty())
        own = f"{one.name}-study" if folder is None else folder
        files = outcome.save(Path(own) / one.name if options.all and folder is not None else own)
        facts = outcome.to_json()
        claims += [{"study": one.name, **claim} for claim in facts.pop("claims")]
        studies.append({**facts, **files})
        texts.append(f"{outcome.summary()}\n\n  page     {files['page']}\n  numbers  {files['json']}")
    return Answer({"claims": claims, "studies": studies}, "\n\n".join(texts))


def _listed(studies: Any) -> Answer:
    rows = [(s.name, f"{len(s.claims)} claims", f"{s.minutes:g} min", s.title) for s in studies]
    facts = [
        {"name": s.name, "title": s.title, "reference": s.reference, "minutes": s.minutes, "claims": len(s.claims)}
        for s in studies
    ]
    text = f"{table(rows, right=(1, 2))}\n\n`dynascope study NAME` runs one, `dynascope study --all` every one."
    return Answer({"studies": facts}, text)
