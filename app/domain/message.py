"""Sentences for people that know what they were made of, so that a page can say them anew.

The domain and the services speak English. A page in another language needs the sentence before
its values were put in: a `Message` is the finished English text, and remembers both.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Self


class Message(str):
    """An English sentence, its template and the values in it.

    It is its text: it can be logged, stored and sent as any string.
    """

    __slots__ = ("template", "values")

    template: str
    values: Mapping[str, Any]

    def __new__(cls, template: str, values: Mapping[str, Any]) -> Self:
        """Fill the values in, as `str.format` does."""
        made = super().__new__(cls, template.format(**values))
        made.template = template
        made.values = values
        return made

    def __reduce__(self) -> tuple[Any, ...]:
        """How `copy` and `pickle` make it again."""
        return type(self), (self.template, self.values)


def message(template: str, /, **values: Any) -> Message:
    """Make a sentence: ``message("{count} cells wait.", count=3)``.

    The template must be written out where it is used: the catalogue of sentences is collected
    from the code.
    """
    return Message(template, values)


def together(sentences: Sequence[str]) -> Message:
    """Several sentences after one another, each of which can still be said anew."""
    values = {f"sentence_{number}": text for number, text in enumerate(sentences)}
    return Message(" ".join(f"{{{name}}}" for name in values), values)
