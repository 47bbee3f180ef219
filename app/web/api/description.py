"""The OpenAPI document: what every route has in common is said here, once.

The framework describes each route by itself. Sign-in, Idempotency-Key and ETag stand around all of
them, so no route knows of them.
"""

from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute

from app.web.api.examples import EXAMPLES, Example
from app.web.api.problems import problems
from app.web.idempotency import KEYED_METHODS, MAX_KEY_LENGTH

PREFIX = "/api/v1/"
JSON = "application/json"
STREAM = "text/event-stream"

Operation = dict[str, Any]

TAGS = {
    "cases": "One accession each: opened, found, corrected, exported.",
    "patients": "Under pseudonymous identifiers, which stand in bodies and never in addresses.",
    "cells": "Images of cells, and what was found in them.",
    "uploads": "Deliveries of images, and what became of each file.",
    "reviews": "What readers decided.",
    "reports": "As they stand, and as they were signed.",
    "events": "What happened, in order: what webhooks tell, for those who ask.",
    "jobs": "The work of the queue.",
    "bundles": "Classifiers: what every number comes from.",
    "access": "Tokens of accounts.",
    "clients": "Programs and their keys, for administrators.",
    "webhooks": "Receivers of news, for administrators.",
    "statistics": "What the laboratory does, counted by day, label and reader.",
    "health": "Whether the server answers; open to everybody.",
}
SCHEMES = {
    "basic": {"type": "http", "scheme": "basic", "description": "Name and password of an account."},
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "description": "The key of an API client, a token from `POST /api/v1/tokens`, or, where "
        "the laboratory has an identity provider, an access token of it.",
    },
}
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "A key of your own for this request, a random UUID for example: sent again "
    "within 24 hours, it is done once and answered alike. Another body under it is 409.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_KEY_LENGTH,
        "pattern": "^[!#-~]+$",
    },
    "example": "0c5b0a4e-7a2f-4f5e-9c1c-0d9f0a1b2c3d",
}
_IF_NONE_MATCH = {
    "name": "If-None-Match",
    "in": "header",
    "required": False,
    "description": "`ETag` of what you have: the answer is 304 where it is the same still.",
    "schema": {"type": "string", "maxLength": 1000},
}
_ETAG = {"description": "Names this state of it.", "schema": {"type": "string"}}


def operation_id(route: APIRoute) -> str:
    """The name of the route's function: it stays when paths or methods change."""
    return route.name


def describing(app: FastAPI) -> Callable[[], dict[str, Any]]:
    """Make the function that gives the document; it is made once."""
    of_the_framework = app.openapi

    @cache
    def openapi() -> dict[str, Any]:
        document = of_the_framework()
        document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
        document["components"]["securitySchemes"] = SCHEMES
        for path, method, operation in _operations(document):
            if path.startswith(PREFIX):
                operation["security"] = [{name: []} for name in SCHEMES]
                _describe(method, operation)
        return document

    return openapi


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Operation]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _describe(method: str, operation: Operation) -> None:
    parameters = operation.setdefault("parameters", [])
    if method.upper() in KEYED_METHODS:
        parameters.append(_KEY)
        for status in (409, 422):
            text = problems(status)[status]
            operation["responses"].setdefault(str(status), text)
    if "404" in operation["responses"]:
        operation["responses"].setdefault("410", problems(410)[410])
    if method == "get" and STREAM not in operation["responses"]["200"].get("content", {}):
        parameters.append(_IF_NONE_MATCH)
        operation["responses"]["200"]["headers"] = {"ETag": _ETAG}
        operation["responses"]["304"] = {
            "description": "You have it already.",
            "headers": {"ETag": _ETAG},
        }
    if example := EXAMPLES.get(operation["operationId"]):
        _exemplify(operation, example)


def _exemplify(operation: Operation, example: Example) -> None:
    if example.body is not None:
        operation["requestBody"]["content"][JSON]["example"] = example.body
    for parameter in operation["parameters"]:
        if parameter["name"] in example.parameters:
            parameter["example"] = example.parameters[parameter["name"]]
