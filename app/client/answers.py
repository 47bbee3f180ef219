"""Answers of the server as values, and what is none of them."""

from typing import Generic, TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from app.client.errors import NotUnderstood

Item = TypeVar("Item", bound=BaseModel)


class Page(BaseModel, Generic[Item]):
    """A page of a list."""

    items: list[Item]
    next_cursor: str | None = None


def answered(kind: type[Item], response: httpx.Response) -> Item:
    """The value of an answer; raises `NotUnderstood`, without the data that it holds."""
    try:
        return kind.model_validate_json(response.content)
    except ValidationError:
        raise NotUnderstood from None
