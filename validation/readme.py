"""Numbers that README.md shows: kept beside the module that measures them, and as a table between two marks."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
README = HERE.parent / "README.md"


def show(name: str, results: dict[str, Any], table: str) -> None:
    """Write the results to NAME/NAME.json, and their table to README.md, between its comments NAME and /NAME."""
    (HERE / name / f"{name}.json").write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    text = README.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
    README.write_text(marked.sub(lambda m: m[1] + table + "\n" + m[2], text), encoding="utf-8")
