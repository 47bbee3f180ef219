"""Who may do what: roles of people, scopes of systems, and the permissions behind both."""

from collections.abc import Iterable, Mapping
from enum import StrEnum


class Role(StrEnum):
    """What an account is for."""

    TECHNICIAN = "technician"
    HAEMATOLOGIST = "haematologist"
    ADMINISTRATOR = "administrator"
    AUDITOR = "auditor"
    SYSTEM = "system"
    """A program: it may do what its scopes say, and never reviews or signs."""


PEOPLE = tuple(role for role in Role if role is not Role.SYSTEM)
"""Roles that a person can have."""


class Permission(StrEnum):
    """One thing that an account may do."""

    READ_CASES = "read cases"
    """Cases, cells, images, findings, reviews and reports of the account's sites."""
    OPEN_CASES = "open cases"
    UPLOAD = "upload images"
    EXCLUDE = "exclude cells"
    """Take a cell out of the count, and put it back."""
    REVIEW = "review cells"
    """Everything else that a reader says of a cell, readings, comments, interpretation."""
    SIGN = "sign reports"
    """Sign, amend, and have a case classified by another bundle."""
    EXPORT = "export cases"
    IMPORT = "import cases"
    READ_HISTORY = "read the history"
    """The life of every case as a timeline, over all of the account's sites."""
    READ_AUDIT = "read the audit"
    READ_STATISTICS = "read statistics"
    READ_METRICS = "read metrics"
    MANAGE_ACCOUNTS = "manage accounts"
    """People and sites."""
    MANAGE_CLIENTS = "manage clients"
    """API clients and their keys, webhooks, HL7 peers."""
    MANAGE_BUNDLES = "manage bundles"
    """Activate, compare, shadow; control slides."""
    MANAGE_DATA = "manage data"
    """Erasure, export of a patient, retention."""


ADMINISTERING = frozenset(
    {
        Permission.READ_HISTORY,
        Permission.READ_AUDIT,
        Permission.READ_STATISTICS,
        Permission.MANAGE_ACCOUNTS,
        Permission.MANAGE_CLIENTS,
        Permission.MANAGE_BUNDLES,
        Permission.MANAGE_DATA,
    }
)
"""What opens a room of the administration's pages."""

_READ = frozenset({Permission.READ_CASES, Permission.EXPORT})
_SEND = frozenset({Permission.OPEN_CASES, Permission.UPLOAD})

MATRIX: Mapping[Role, frozenset[Permission]] = {
    Role.TECHNICIAN: _READ | _SEND | {Permission.EXCLUDE},
    Role.HAEMATOLOGIST: _READ
    | _SEND
    | {
        Permission.EXCLUDE,
        Permission.REVIEW,
        Permission.SIGN,
        Permission.IMPORT,
        Permission.READ_STATISTICS,
    },
    Role.ADMINISTRATOR: frozenset(Permission)
    - {Permission.EXCLUDE, Permission.REVIEW, Permission.SIGN},
    Role.AUDITOR: _READ
    | {
        Permission.READ_HISTORY,
        Permission.READ_AUDIT,
        Permission.READ_STATISTICS,
        Permission.READ_METRICS,
    },
    # What a program may do stands in its scopes; without any it may do nothing.
    Role.SYSTEM: frozenset(),
}


class Scope(StrEnum):
    """What the key of a program opens."""

    CASES_READ = "cases:read"
    CASES_WRITE = "cases:write"
    CELLS_WRITE = "cells:write"
    REPORTS_READ = "reports:read"
    FHIR_READ = "fhir:read"
    FHIR_WRITE = "fhir:write"
    CASES_EXPORT = "cases:export"
    STATISTICS_READ = "statistics:read"
    METRICS_READ = "metrics:read"
    AUDIT_READ = "audit:read"


SCOPES: Mapping[Scope, frozenset[Permission]] = {
    Scope.CASES_READ: frozenset({Permission.READ_CASES}),
    Scope.CASES_WRITE: frozenset({Permission.OPEN_CASES}),
    Scope.CELLS_WRITE: frozenset({Permission.UPLOAD}),
    Scope.REPORTS_READ: frozenset({Permission.READ_CASES}),
    Scope.FHIR_READ: frozenset({Permission.READ_CASES}),
    Scope.FHIR_WRITE: frozenset({Permission.OPEN_CASES}),
    Scope.CASES_EXPORT: frozenset({Permission.READ_CASES, Permission.EXPORT}),
    Scope.STATISTICS_READ: frozenset({Permission.READ_STATISTICS}),
    Scope.METRICS_READ: frozenset({Permission.READ_METRICS}),
    Scope.AUDIT_READ: frozenset({Permission.READ_AUDIT}),
}


def permissions_of(role: Role, scopes: Iterable[Scope]) -> frozenset[Permission]:
    """What an account may do: a person by the role, a program by its scopes."""
    if role is not Role.SYSTEM:
        return MATRIX[role]
    return frozenset().union(*(SCOPES[scope] for scope in scopes))


def scopes_for(permission: Permission) -> tuple[Scope, ...]:
    """Scopes that give a permission, for the sentence that refuses a program."""
    return tuple(scope for scope in Scope if permission in SCOPES[scope])
