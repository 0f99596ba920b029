"""Sphinx: how the site is built of the pages in this folder.

sphinx-build -W --keep-going docs build/site
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from docutils import nodes
from docutils.utils.math import MathError
from docutils.utils.math.latex2mathml import tex2mathml
from pygments.lexers.special import TextLexer
from sphinx.util.logging import getLogger

import mcgen

if TYPE_CHECKING:
    from sphinx.application import Sphinx

logger = getLogger(__name__)

project = "mcgen"
author = "The mcgen authors"
copyright = author
version = release = mcgen.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "numpydoc",
    "sphinx_copybutton",
]
nitpicky = True  # what is referred to is there
default_role = "literal"  # of names in docstrings
smartquotes = False  # quotes are TOML's

myst_enable_extensions = ["colon_fence", "dollarmath"]
myst_links_external_new_tab = False
nb_execution_mode = "off"  # notebooks are run by the tests
copybutton_prompt_text = "$ "

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # they are in the signature
autosummary_generate = False
numpydoc_show_class_members = False  # the page says which

html_theme = "furo"
html_title = f"mcgen {release}"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_math_renderer = "mathml"


def setup(app: Sphinx) -> None:
    """Add what the pages need: equations as MathML, which asks for no script, and links as a site has them."""
    app.add_html_math_renderer("mathml", (_inline_math, None), (_math_block, None))
    app.add_lexer("csv", TextLexer)
    app.connect("include-read", _take_links_along)
    app.connect("source-read", _name_pages)


def _inline_math(writer: Any, node: nodes.math) -> None:
    writer.body.append(_mathml(node))
    raise nodes.SkipNode


def _math_block(writer: Any, node: nodes.math_block) -> None:
    writer.body.append(f'<div class="math">{_mathml(node, as_block=True)}</div>')
    raise nodes.SkipNode


def _mathml(node: nodes.Element, *, as_block: bool = False) -> str:
    try:
        return str(tex2mathml(node.astext(), as_block=as_block))
    except MathError as error:
        logger.warning("%s: %s", error, node.astext(), location=node)
        return ""


def _take_links_along(_app: Sphinx, path: Path, _page: str, content: list[str]) -> None:
    """Make the links of a file that a page includes, which are relative to that file, relative to this folder."""
    content[0] = re.sub(r"\]\((?!https?:)", f"]({path.parent.as_posix()}/", content[0])
    _name_pages(_app, _page, content)


def _name_pages(_app: Sphinx, _page: str, content: list[str]) -> None:
    """Let links that are called like a file be called like its page: [physics.md](physics.md) is for who reads the file."""
    content[0] = re.sub(r"\[(?:docs/)?([a-z-]+\.md)\]\(([./a-z]*\1)\)", r"[](\2)", content[0])
