"""Small tables of HTML, as notebooks show objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def html_table(caption: str, rows: Iterable[Sequence[object]], headings: Sequence[str] = ()) -> str:
    """Return a table. All that is in it is shown as text.

    Parameters
    ----------
    caption : above the table
    rows : of cells; the first cell of each is its heading
    headings : of the columns; none: no line of them
    """
    head = "".join(f'<th scope="col">{escape(heading)}</th>' for heading in headings)
    body = "".join(f"<tr>{_cells([str(cell) for cell in row])}</tr>" for row in rows)
    return (
        f'<table><caption style="text-align: left; white-space: nowrap">{escape(caption)}</caption>'
        + (f"<thead><tr>{head}</tr></thead>" if head else "")
        + f"<tbody>{body}</tbody></table>"
    )


def _cells(row: Sequence[str]) -> str:
    first, *others = (escape(cell) for cell in row)
    return f'<th scope="row">{first}</th>' + "".join(f"<td>{cell}</td>" for cell in others)
