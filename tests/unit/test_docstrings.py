"""Every field of every table has its line."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import mcgen

ROOT = Path(mcgen.__file__).parent


def is_table(node: ast.ClassDef) -> bool:
    """Whether a class is a dataclass, or a table of a card."""
    decorated = any("dataclass" in ast.unparse(decorator) for decorator in node.decorator_list)
    return decorated or any(ast.unparse(base) in ("Table", "Volume", "Plane") for base in node.bases)


def silent_fields(tree: ast.Module) -> Iterator[str]:
    """Yield the public fields of tables that no line stands under."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and is_table(node):
            for field, following in pairwise([*node.body, ast.Pass()]):
                if not isinstance(field, ast.AnnAssign) or ast.unparse(field.annotation).startswith(
                    "ClassVar"
                ):
                    continue
                name = ast.unparse(field.target)
                said = isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant)
                if not name.startswith("_") and not said:
                    yield f"{node.name}.{name}"


def test_every_field_has_its_line() -> None:
    silent = [
        f"{path.relative_to(ROOT)}: {field}"
        for path in sorted(ROOT.rglob("*.py"))
        for field in silent_fields(ast.parse(path.read_text(encoding="utf-8")))
    ]
    assert not silent


def test_a_silent_field_is_noticed() -> None:
    source = '@dataclass\nclass A:\n    """Doc."""\n\n    one: int\n    """Said."""\n    two: int\n    _three: int\n'
    assert list(silent_fields(ast.parse(source))) == ["A.two"]
