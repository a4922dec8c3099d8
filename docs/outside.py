"""What the site does with links that leave it: a page's link to a file of the project becomes the file's name, as a hint."""

from __future__ import annotations

import re
from html import escape
from typing import Any

LEAVES = re.compile(r'\[(?P<text>[^\]]+)\]\((?P<file>(?:\.\./)+[^)\s"]+)(?: "(?P<title>[^"]*)")?\)')


def on_page_markdown(markdown: str, *, page: Any, **_: object) -> str:
    """The page's text as the site shows it. Any: MkDocs hands its own page over, of which the address is read."""
    depth = page.file.src_uri.count("/")

    def hinted(link: re.Match[str]) -> str:
        file, title = link["file"], link["title"]
        if file.count("../") <= depth:
            return link[0]
        hint = escape(": ".join(filter(None, [file.replace("../", ""), title])))
        return f'<span title="{hint}">{link["text"]}</span>'

    return LEAVES.sub(hinted, markdown)
