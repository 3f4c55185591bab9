"""Print what exceeds the size budgets: files of 500 lines, function bodies of 60, classes of 12 public methods.

A ledger, not a gate: `python -m tools.ledger` never fails. Each entry is a question to ask in review.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

SOURCE = Path(__file__).parents[1] / "src" / "dynascope"
FILE_LINES, BODY_LINES, PUBLIC_METHODS = 500, 60, 12


def body_length(node: ast.FunctionDef) -> int:
    """Lines of the body of a function, its docstring left out."""
    statements = node.body[1:] if ast.get_docstring(node) is not None else node.body
    return (node.end_lineno or node.lineno) - statements[0].lineno + 1 if statements else 0


def over_budget(path: Path) -> Iterator[str]:
    """One line for each part of the file that exceeds its budget."""
    text = path.read_text("utf-8")
    name = path.relative_to(SOURCE)
    if (count := len(text.splitlines())) > FILE_LINES:
        yield f"{name}: {count} lines"
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef) and (count := body_length(node)) > BODY_LINES:
            yield f"{name}:{node.lineno}: `{node.name}` has a body of {count} lines"
        if isinstance(node, ast.ClassDef):
            methods = [m for m in node.body if isinstance(m, ast.FunctionDef) and not m.name.startswith("_")]
            if len(methods) > PUBLIC_METHODS:
                yield f"{name}:{node.lineno}: `{node.name}` has {len(methods)} public methods"


def main() -> None:
    """Print the ledger."""
    files = sorted(SOURCE.rglob("*.py"))
    found = [line for path in files for line in over_budget(path)]
    lines = sum(len(path.read_text("utf-8").splitlines()) for path in files)
    print(f"{len(files)} files, {lines} lines; {len(found)} over budget")
    for line in found:
        print(f"  {line}")


if __name__ == "__main__":
    main()
