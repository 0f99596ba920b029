"""Write docs/columns.md from the declaration of the columns.

python docs/make_columns.py
"""

from __future__ import annotations

from pathlib import Path

from mcgen.record.columns import columns_of
from mcgen.sources.registry import process_codes

PAGE = Path(__file__).parent / "columns.md"


def page() -> str:
    """Render the page."""
    lines = [
        "# Columns of the tree `events`",
        "",
        "One row an event. The columns at the planes exist for each plane of the experiment; PLANE is its name.",
        "The metadata, a JSON string `mcgen` beside the tree, has the card, provenance, yields, cut flow, and for each",
        "column its unit, meaning and SHA-256. Quantities that a process or a production method does not define are",
        "NaN, and so is a position at a plane that the daughter does not reach. The last column is there for each of the",
        "card's [[variations]]; NAME is its name (weights.md).",
        "",
        "| column | type | unit | meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{c.name}` | {c.dtype} | {c.unit} | {c.meaning} |"
        for c in columns_of(["PLANE"], process_codes(), {"NAME": "the variation of that name"})
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
