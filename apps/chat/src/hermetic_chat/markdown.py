"""Markdown as HTML that is safe whoever wrote it: no HTML of theirs, no images, no addresses that run something."""

from __future__ import annotations

from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict
from markupsafe import Markup


def _link(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A link opens elsewhere, and is not told from where."""
    tokens[index].attrSet("rel", "noopener noreferrer nofollow")
    tokens[index].attrSet("target", "_blank")
    return renderer.renderToken(tokens, index, options, env)


def _table(renderer: RendererHTML, tokens: Sequence[Token], index: int, options: OptionsDict, env: EnvType) -> str:
    """A table can be wider than the page, and is scrolled with the keyboard then."""
    tokens[index].attrSet("tabindex", "0")
    return renderer.renderToken(tokens, index, options, env)


_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")
_MARKDOWN.add_render_rule("link_open", _link)
_MARKDOWN.add_render_rule("table_open", _table)


def as_html(text: str) -> Markup:
    """The HTML of a text. An image would tell its server that the text was read, so it stays a link."""
    return Markup(_MARKDOWN.render(text))
