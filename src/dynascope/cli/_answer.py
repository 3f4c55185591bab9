"""What a command gives back."""

import dataclasses
from typing import Any


@dataclasses.dataclass(frozen=True)
class Answer:
    """What a command found.

    Args:
        facts: For `--json`.
        text: For people.
        code: Exit code.
        failure: What went wrong, where there is still something to show.
    """

    facts: dict[str, Any]
    text: str
    code: int = 0
    failure: str = ""
