"""The card of a bundle, which is written in Markdown, as a part of a page."""

from functools import cache

from markdown_it import MarkdownIt
from markupsafe import Markup


def card_markup(text: str) -> Markup:
    """Headings, lists and tables of a card.

    A card comes with its bundle, from elsewhere: its own HTML is shown as text, and it fetches no
    picture.
    """
    tokens = _reader().parse(text)
    for token in tokens:
        if token.type.startswith("heading_"):
            # The page has the first heading.
            token.tag = f"h{min(int(token.tag[1]) + 1, 6)}"
    reader = _reader()
    return Markup(reader.renderer.render(tokens, reader.options, {}))  # noqa: S704 - escaped


@cache
def _reader() -> MarkdownIt:
    return MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
