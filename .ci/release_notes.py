"""Print what CHANGELOG.md says of a release; without that there is none.

python .ci/release_notes.py v0.1.0
"""

import re
import sys
from pathlib import Path

CHANGELOG = Path(__file__).parents[1] / "CHANGELOG.md"


def notes_of(tag: str, changelog: str) -> str:
    """Return the part of a changelog that is a tag's, and leave with a message if it has none."""
    version = tag.removeprefix("v")
    heading = rf"^## {re.escape(version)} - \d{{4}}-\d\d-\d\d\n"
    found = re.search(rf"{heading}(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    if found is None or not found[1].strip():
        sys.exit(
            f"CHANGELOG.md says nothing under '## {version} - YEAR-MONTH-DAY'; move there what is under Unreleased"
        )
    return found[1].strip()


if __name__ == "__main__":
    print(notes_of(sys.argv[1], CHANGELOG.read_text(encoding="utf-8")))  # noqa: T201
