"""Who may ask for what: one rule for each route, and no answer without a rule.

`docs/access.md` is made from this table and the roles of `app.domain.access`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from starlette.routing import compile_path

from app.domain.access import Permission


class Anyone(StrEnum):
    """What needs no permission."""

    OPEN = "open"
    """Nobody needs to be signed in."""
    SIGNED_IN = "signed in"
    """Every account, about itself."""


@dataclass(frozen=True)
class Rule:
    """What a route needs, and what the audit calls it.

    Parameters
    ----------
    action
        None: a part of a page whose view is recorded, or a question that is asked again and
        again; of these only refusals and failures are recorded.
    """

    needs: Permission | Anyone
    action: str | None = None


Route = tuple[str, str]
"""Method and path template."""

_OPEN = Rule(Anyone.OPEN)
_PART = Rule(Permission.READ_CASES)
_VIEW = Rule(Permission.READ_CASES, "case.view")
_REVIEW = Rule(Permission.REVIEW, "review.change")
_CASE = "/cases/{case_id}"
_CELL = "/cases/{case_id}/cells/{cell_id}"
_API_CASE = "/api/v1/cases/{case_id}"
_PERSON = "/administration/users/{user_id}"
_SITE = "/administration/sites/{site_id}"
_TUS = "/cases/{case_id}/uploads/tus"

_FOR_ALL: Mapping[Route, Rule] = {
    ("GET", "/health/live"): _OPEN,
    ("GET", "/health/ready"): _OPEN,
    ("GET", "/static/{path:path}"): _OPEN,
    # Asked for every few seconds: only refusals are recorded.
    ("GET", "/api/v1/statistics"): Rule(Permission.READ_STATISTICS, "statistics.view"),
    ("GET", "/api/v1/statistics.csv"): Rule(Permission.READ_STATISTICS, "statistics.export"),
    ("GET", "/metrics"): Rule(Permission.READ_METRICS),
    ("GET", "/sign-in"): _OPEN,
    ("POST", "/sign-in"): Rule(Anyone.OPEN, "session.sign-in"),
    ("GET", "/sign-in/code"): _OPEN,
    ("POST", "/sign-in/code"): Rule(Anyone.OPEN, "session.sign-in"),
    ("GET", "/sign-in/provider"): _OPEN,
    ("GET", "/sign-in/provider/back"): Rule(Anyone.OPEN, "session.sign-in"),
    ("GET", "/sign-in/provider/again"): Rule(Anyone.SIGNED_IN),
    ("GET", "/sign-out/provider"): _OPEN,
    ("GET", "/choose-password/{token}"): _OPEN,
    ("POST", "/choose-password/{token}"): Rule(Anyone.OPEN, "account.password"),
    ("POST", "/sign-out"): Rule(Anyone.OPEN, "session.sign-out"),
    ("GET", "/demonstration/{token}"): Rule(Anyone.OPEN, "session.sign-in"),
    ("POST", "/language"): _OPEN,
    ("GET", "/preferences"): Rule(Anyone.SIGNED_IN),
    ("POST", "/preferences"): Rule(Anyone.SIGNED_IN, "account.preferences"),
    ("POST", "/preferences/tour"): Rule(Anyone.SIGNED_IN),
    ("POST", "/session/alive"): Rule(Anyone.SIGNED_IN),
    ("GET", "/session/back"): Rule(Anyone.SIGNED_IN),
    ("GET", "/account"): Rule(Anyone.SIGNED_IN),
    ("POST", "/account/password"): Rule(Anyone.SIGNED_IN, "account.password"),
    ("POST", "/account/second-factor"): Rule(Anyone.SIGNED_IN, "account.second-factor"),
    ("POST", "/account/second-factor/confirm"): Rule(Anyone.SIGNED_IN, "account.second-factor"),
    ("POST", "/account/sessions/end"): Rule(Anyone.SIGNED_IN, "session.end"),
    ("POST", "/account/sessions/{session_id}/end"): Rule(Anyone.SIGNED_IN, "session.end"),
    ("GET", "/api/v1/openapi.json"): Rule(Anyone.SIGNED_IN),
    ("POST", "/api/v1/tokens"): Rule(Anyone.SIGNED_IN, "account.token"),
    ("GET", "/api/v1/sites"): Rule(Anyone.SIGNED_IN),
    ("GET", "/api/v1/bundle"): Rule(Anyone.SIGNED_IN),
    ("GET", "/api/v1/bundles"): Rule(Anyone.SIGNED_IN),
    ("GET", "/api/v1/bundles/{digest}"): Rule(Anyone.SIGNED_IN),
}

_PAGES: Mapping[Route, Rule] = {
    ("GET", "/"): Rule(Anyone.SIGNED_IN),
    ("GET", "/cases"): Rule(Permission.READ_CASES, "case.list"),
    ("POST", "/cases/search"): Rule(Permission.READ_CASES, "case.search"),
    ("POST", "/cases/filters"): Rule(Permission.READ_CASES, "account.filter"),
    ("POST", "/cases/filters/{filter_id}/rename"): Rule(Permission.READ_CASES, "account.filter"),
    ("POST", "/cases/filters/{filter_id}/remove"): Rule(Permission.READ_CASES, "account.filter"),
    ("GET", "/cases/import"): Rule(Permission.IMPORT),
    ("POST", "/cases/import"): Rule(Permission.IMPORT, "case.import"),
    ("GET", "/cases/new"): Rule(Permission.OPEN_CASES),
    ("POST", "/cases/new"): Rule(Permission.OPEN_CASES, "case.open"),
    ("GET", _CASE): _VIEW,
    ("GET", f"{_CASE}/progress"): _PART,
    ("GET", f"{_CASE}/uploads"): _PART,
    ("GET", f"{_CASE}/uploads/outcomes"): _PART,
    ("OPTIONS", _TUS): Rule(Permission.UPLOAD),
    ("POST", _TUS): Rule(Permission.UPLOAD, "upload.begin"),
    ("GET", f"{_TUS}/{{part_id}}"): Rule(Permission.UPLOAD),
    ("PATCH", f"{_TUS}/{{part_id}}"): Rule(Permission.UPLOAD),
    ("DELETE", f"{_TUS}/{{part_id}}"): Rule(Permission.UPLOAD, "upload.cancel"),
    ("GET", f"{_CASE}/gallery"): Rule(Permission.READ_CASES, "cells.view"),
    ("GET", f"{_CASE}/gallery/changes"): _PART,
    ("GET", _CELL): Rule(Permission.READ_CASES, "cells.view"),
    ("GET", f"{_CELL}/image.png"): _PART,
    ("GET", f"{_CELL}/crop.jpg"): _PART,
    ("GET", f"{_CELL}/similar"): Rule(Permission.READ_CASES, "cells.similar"),
    ("GET", f"{_CELL}/heat/{{label}}.png"): _PART,
    ("GET", "/reference/{subject}.png"): Rule(Anyone.SIGNED_IN),
}

_REVIEWING: Mapping[Route, Rule] = {
    # Which acts need more than to exclude, the service says: it knows the act.
    ("POST", f"{_CASE}/gallery/acts"): Rule(Permission.EXCLUDE, "review.change"),
    ("POST", f"{_CASE}/gallery/undo"): Rule(Permission.EXCLUDE, "review.undo"),
    ("GET", f"{_CASE}/readers"): Rule(Permission.READ_CASES, "readers.view"),
    ("POST", f"{_CASE}/readers/give"): _REVIEW,
    ("POST", f"{_CASE}/readers/withdraw"): _REVIEW,
    ("POST", f"{_CASE}/readers/finish"): _REVIEW,
    ("POST", f"{_CASE}/readers/reopen"): _REVIEW,
    ("POST", f"{_CASE}/readers/settle"): _REVIEW,
    ("POST", f"{_CASE}/comments"): Rule(Permission.REVIEW, "comment.write"),
    ("GET", f"{_CASE}/report"): Rule(Permission.READ_CASES, "report.view"),
    ("GET", f"{_CASE}/report/versions"): Rule(Permission.READ_CASES, "report.view"),
    ("GET", f"{_CASE}/report/versions/{{number}}"): Rule(Permission.READ_CASES, "report.view"),
    ("GET", f"{_CASE}/report/differences"): Rule(Permission.READ_CASES, "report.view"),
    ("POST", f"{_CASE}/report/interpretation"): Rule(Permission.REVIEW, "interpretation.write"),
    ("GET", f"{_CASE}/sign"): Rule(Permission.SIGN, "report.view"),
    ("POST", f"{_CASE}/sign"): Rule(Permission.SIGN, "report.sign"),
    ("GET", f"{_CASE}/amend"): Rule(Permission.SIGN, "report.view"),
    ("POST", f"{_CASE}/amend"): Rule(Permission.SIGN, "report.amend"),
    ("GET", f"{_CASE}/reclassify"): Rule(Permission.SIGN, "case.view"),
    ("POST", f"{_CASE}/reclassify"): Rule(Permission.SIGN, "case.reclassify"),
}

_API: Mapping[Route, Rule] = {
    ("POST", "/api/v1/cases"): Rule(Permission.OPEN_CASES, "case.open"),
    ("GET", "/api/v1/cases"): Rule(Permission.READ_CASES, "case.list"),
    ("GET", _API_CASE): _VIEW,
    ("PATCH", _API_CASE): Rule(Permission.OPEN_CASES, "case.change"),
    ("POST", "/api/v1/cases/search"): Rule(Permission.READ_CASES, "case.search"),
    # Keys alone, and asked for again and again.
    ("GET", "/api/v1/events"): _PART,
    ("GET", f"{_API_CASE}/events"): _PART,
    ("GET", f"{_API_CASE}/reviews"): Rule(Permission.READ_CASES, "reviews.view"),
    ("GET", f"{_API_CASE}/uploads"): Rule(Permission.READ_CASES, "upload.view"),
    ("POST", f"{_API_CASE}/cells/by-reference"): Rule(Permission.UPLOAD, "upload.fetch"),
    ("GET", f"{_API_CASE}/jobs"): _PART,
    ("GET", "/api/v1/uploads/{upload_id}/jobs"): _PART,
    ("GET", "/api/v1/patients"): Rule(Permission.READ_CASES, "patient.list"),
    ("POST", "/api/v1/patients/search"): Rule(Permission.READ_CASES, "patient.search"),
    ("GET", "/api/v1/patients/{patient_id}"): Rule(Permission.READ_CASES, "patient.view"),
    ("GET", "/api/v1/patients/{patient_id}/cases"): Rule(Permission.READ_CASES, "patient.view"),
    ("GET", f"{_API_CASE}/export.zip"): Rule(Permission.EXPORT, "case.export"),
    ("POST", "/api/v1/cases/import"): Rule(Permission.IMPORT, "case.import"),
    ("POST", f"{_API_CASE}/cells"): Rule(Permission.UPLOAD, "upload.send"),
    ("GET", f"{_API_CASE}/cells"): Rule(Permission.READ_CASES, "cells.view"),
    ("GET", "/api/v1/uploads/{upload_id}"): Rule(Permission.READ_CASES, "upload.view"),
    ("GET", "/api/v1/cells/{cell_id}"): Rule(Permission.READ_CASES, "cells.view"),
    ("GET", "/api/v1/cells/{cell_id}/image"): Rule(Permission.READ_CASES, "cells.view"),
    ("GET", f"{_API_CASE}/report"): Rule(Permission.READ_CASES, "report.view"),
    ("GET", f"{_API_CASE}/report.pdf"): Rule(Permission.READ_CASES, "report.view"),
    ("GET", f"{_API_CASE}/versions"): Rule(Permission.READ_CASES, "report.view"),
    ("POST", f"{_API_CASE}/reclassifications"): Rule(Permission.SIGN, "case.reclassify"),
    ("GET", f"{_API_CASE}/reclassifications"): Rule(Permission.READ_CASES, "report.view"),
    ("GET", f"{_API_CASE}/findings.json"): Rule(Permission.EXPORT, "findings.export"),
    ("GET", f"{_API_CASE}/findings.csv"): Rule(Permission.EXPORT, "findings.export"),
}

_REPORT = Rule(Permission.READ_CASES, "report.view")
_FHIR_REPORT = "/fhir/DiagnosticReport/{case_id}"
_FHIR_OBSERVATION = "/fhir/Observation/{case_id}.{part}"
_FHIR_MEDIA = "/fhir/Media/{cell_id}"

_FHIR: Mapping[Route, Rule] = {
    ("GET", "/fhir/metadata"): _OPEN,
    ("GET", "/fhir/CodeSystem/{name}"): Rule(Anyone.SIGNED_IN),
    ("GET", "/fhir/OperationDefinition/{name}"): Rule(Anyone.SIGNED_IN),
    ("GET", "/fhir/DiagnosticReport"): Rule(Permission.READ_CASES, "report.list"),
    ("POST", "/fhir/DiagnosticReport/_search"): Rule(Permission.READ_CASES, "report.list"),
    ("GET", _FHIR_REPORT): _REPORT,
    ("GET", f"{_FHIR_REPORT}/$everything"): _REPORT,
    ("GET", f"{_FHIR_REPORT}/_history"): _REPORT,
    ("GET", f"{_FHIR_REPORT}/_history/{{version}}"): _REPORT,
    ("GET", f"{_FHIR_REPORT}/_history/{{version}}/$everything"): _REPORT,
    ("GET", _FHIR_OBSERVATION): _REPORT,
    ("GET", f"{_FHIR_OBSERVATION}/_history/{{version}}"): _REPORT,
    ("GET", "/fhir/Provenance/{case_id}.{part}"): _REPORT,
    ("GET", "/fhir/Practitioner/{case_id}.{part}"): _REPORT,
    ("GET", _FHIR_MEDIA): Rule(Permission.READ_CASES, "cells.view"),
    ("GET", f"{_FHIR_MEDIA}/_history/{{version}}"): Rule(Permission.READ_CASES, "cells.view"),
    ("POST", "/fhir/ServiceRequest"): Rule(Permission.OPEN_CASES, "case.open"),
    ("GET", "/fhir/ServiceRequest/{case_id}.{part}"): _REPORT,
    ("GET", "/fhir/ServiceRequest/{case_id}"): _VIEW,
    ("GET", "/fhir/Specimen/{case_id}"): _VIEW,
    ("GET", "/fhir/Patient/{patient_id}"): Rule(Permission.READ_CASES, "patient.view"),
    ("GET", "/fhir/Device/{digest}"): _PART,
}

_ADMINISTRATION: Mapping[Route, Rule] = {
    # Which rooms there are for an account, the page says.
    ("GET", "/administration"): Rule(Anyone.SIGNED_IN),
    ("GET", "/administration/users"): Rule(Permission.MANAGE_ACCOUNTS, "account.list"),
    ("POST", "/administration/users"): Rule(Permission.MANAGE_ACCOUNTS, "account.create"),
    ("GET", _PERSON): Rule(Permission.MANAGE_ACCOUNTS, "account.view"),
    ("POST", _PERSON): Rule(Permission.MANAGE_ACCOUNTS, "account.change"),
    ("POST", f"{_PERSON}/deactivate"): Rule(Permission.MANAGE_ACCOUNTS, "account.deactivate"),
    ("POST", f"{_PERSON}/reactivate"): Rule(Permission.MANAGE_ACCOUNTS, "account.activate"),
    ("POST", f"{_PERSON}/end-sessions"): Rule(Permission.MANAGE_ACCOUNTS, "account.end-sessions"),
    ("POST", f"{_PERSON}/reset-password"): Rule(
        Permission.MANAGE_ACCOUNTS, "account.reset-password"
    ),
    ("POST", f"{_PERSON}/reset-second-factor"): Rule(
        Permission.MANAGE_ACCOUNTS, "account.reset-second-factor"
    ),
    ("GET", "/administration/sites"): Rule(Permission.MANAGE_ACCOUNTS, "site.list"),
    ("POST", "/administration/sites"): Rule(Permission.MANAGE_ACCOUNTS, "site.add"),
    ("POST", _SITE): Rule(Permission.MANAGE_ACCOUNTS, "site.rename"),
    ("POST", f"{_SITE}/deactivate"): Rule(Permission.MANAGE_ACCOUNTS, "site.deactivate"),
    ("POST", f"{_SITE}/reactivate"): Rule(Permission.MANAGE_ACCOUNTS, "site.activate"),
    ("GET", "/administration/statistics"): Rule(Permission.READ_STATISTICS, "statistics.view"),
    ("GET", "/administration/audit"): Rule(Permission.READ_AUDIT, "audit.view"),
    ("GET", "/administration/audit/export.jsonl"): Rule(Permission.READ_AUDIT, "audit.export"),
    ("GET", "/administration/history"): Rule(Permission.READ_HISTORY, "history.list"),
    ("POST", "/administration/history/search"): Rule(Permission.READ_HISTORY, "history.search"),
    ("GET", "/administration/cases/{case_id}"): Rule(Permission.READ_HISTORY, "history.view"),
    ("GET", "/administration/cases/{case_id}/erase"): Rule(Permission.MANAGE_DATA, "history.view"),
    ("POST", "/administration/cases/{case_id}/erase"): Rule(Permission.MANAGE_DATA, "case.erase"),
    ("GET", "/administration/cases/{case_id}/patient.zip"): Rule(
        Permission.MANAGE_DATA, "patient.export"
    ),
    ("GET", "/administration/data"): Rule(Permission.MANAGE_DATA, "data.view"),
    ("GET", "/administration/data/erasures/{erasure_id}/proof.json"): Rule(
        Permission.MANAGE_DATA, "erasure.export"
    ),
}

_BUNDLES = "/administration/bundles"
_COMPARISONS = "/administration/comparisons"
_CONTROLS = "/administration/controls"
_BUNDLE_PAGES: Mapping[Route, Rule] = {
    ("GET", _BUNDLES): Rule(Permission.MANAGE_BUNDLES, "bundle.list"),
    ("POST", f"{_BUNDLES}/activate"): Rule(Permission.MANAGE_BUNDLES, "bundle.activate"),
    ("GET", f"{_BUNDLES}/shadow"): Rule(Permission.MANAGE_BUNDLES, "bundle.view-shadow"),
    ("POST", f"{_BUNDLES}/shadow"): Rule(Permission.MANAGE_BUNDLES, "bundle.shadow"),
    ("POST", f"{_BUNDLES}/shadow/end"): Rule(Permission.MANAGE_BUNDLES, "bundle.shadow"),
    ("GET", f"{_BUNDLES}/{{digest}}/card"): Rule(Permission.MANAGE_BUNDLES),
    ("GET", _COMPARISONS): Rule(Permission.MANAGE_BUNDLES, "bundle.list"),
    ("POST", _COMPARISONS): Rule(Permission.MANAGE_BUNDLES, "bundle.comparison"),
    ("GET", f"{_COMPARISONS}/{{run_id}}"): Rule(
        Permission.MANAGE_BUNDLES, "bundle.view-comparison"
    ),
    ("GET", f"{_COMPARISONS}/{{run_id}}/progress"): Rule(Permission.MANAGE_BUNDLES),
    ("GET", _CONTROLS): Rule(Permission.MANAGE_BUNDLES, "control.view"),
    ("POST", _CONTROLS): Rule(Permission.MANAGE_BUNDLES, "control.freeze"),
    ("POST", f"{_CONTROLS}/{{set_id}}/run"): Rule(Permission.MANAGE_BUNDLES, "bundle.control"),
    ("POST", f"{_CONTROLS}/{{set_id}}/retire"): Rule(Permission.MANAGE_BUNDLES, "control.retire"),
}

_CLIENTS = "/api/v1/clients"
_CLIENT_PAGES = "/administration/clients"
_CLIENT_PAGE = f"{_CLIENT_PAGES}/{{client_id}}"
_SYSTEMS: Mapping[Route, Rule] = {
    ("GET", _CLIENTS): Rule(Permission.MANAGE_CLIENTS, "client.list"),
    ("POST", _CLIENTS): Rule(Permission.MANAGE_CLIENTS, "client.create"),
    ("GET", f"{_CLIENTS}/{{client_id}}"): Rule(Permission.MANAGE_CLIENTS, "client.view"),
    ("PATCH", f"{_CLIENTS}/{{client_id}}"): Rule(Permission.MANAGE_CLIENTS, "client.change"),
    ("POST", f"{_CLIENTS}/{{client_id}}/keys"): Rule(Permission.MANAGE_CLIENTS, "client.rotate"),
    ("DELETE", f"{_CLIENTS}/{{client_id}}/keys/{{prefix}}"): Rule(
        Permission.MANAGE_CLIENTS, "client.revoke"
    ),
    ("GET", _CLIENT_PAGES): Rule(Permission.MANAGE_CLIENTS, "client.list"),
    ("POST", _CLIENT_PAGES): Rule(Permission.MANAGE_CLIENTS, "client.create"),
    ("GET", _CLIENT_PAGE): Rule(Permission.MANAGE_CLIENTS, "client.view"),
    ("POST", _CLIENT_PAGE): Rule(Permission.MANAGE_CLIENTS, "client.change"),
    ("POST", f"{_CLIENT_PAGE}/switch"): Rule(Permission.MANAGE_CLIENTS, "client.change"),
    ("POST", f"{_CLIENT_PAGE}/rotate"): Rule(Permission.MANAGE_CLIENTS, "client.rotate"),
    ("POST", f"{_CLIENT_PAGE}/revoke"): Rule(Permission.MANAGE_CLIENTS, "client.revoke"),
}

_HOOKS = "/api/v1/webhooks"
_HOOK = f"{_HOOKS}/{{webhook_id}}"
_DELIVERY = f"{_HOOK}/deliveries/{{delivery_id}}"
_MANAGED = Permission.MANAGE_CLIENTS

_HOOK_PAGES = "/administration/webhooks"
_HOOK_PAGE = f"{_HOOK_PAGES}/{{webhook_id}}"
_SENT = f"{_HOOK_PAGE}/deliveries/{{delivery_id}}"

_WEBHOOKS: Mapping[Route, Rule] = {
    ("GET", _HOOK_PAGES): Rule(_MANAGED, "webhook.list"),
    ("POST", _HOOK_PAGES): Rule(_MANAGED, "webhook.create"),
    ("GET", _HOOK_PAGE): Rule(_MANAGED, "webhook.view"),
    ("POST", _HOOK_PAGE): Rule(_MANAGED, "webhook.change"),
    ("POST", f"{_HOOK_PAGE}/secret"): Rule(_MANAGED, "webhook.renew-secret"),
    ("POST", f"{_HOOK_PAGE}/remove"): Rule(_MANAGED, "webhook.remove"),
    ("POST", f"{_HOOK_PAGE}/replay"): Rule(_MANAGED, "message.replay-all"),
    ("POST", f"{_SENT}/replay"): Rule(_MANAGED, "message.replay"),
    ("POST", f"{_SENT}/skip"): Rule(_MANAGED, "message.skip"),
    ("GET", _HOOKS): Rule(_MANAGED, "webhook.list"),
    ("POST", _HOOKS): Rule(_MANAGED, "webhook.create"),
    ("GET", _HOOK): Rule(_MANAGED, "webhook.view"),
    ("PATCH", _HOOK): Rule(_MANAGED, "webhook.change"),
    ("DELETE", _HOOK): Rule(_MANAGED, "webhook.remove"),
    ("POST", f"{_HOOK}/secret"): Rule(_MANAGED, "webhook.renew-secret"),
    ("POST", f"{_HOOK}/replay"): Rule(_MANAGED, "message.replay-all"),
    ("GET", f"{_HOOK}/deliveries"): Rule(_MANAGED, "message.list"),
    ("POST", f"{_DELIVERY}/replay"): Rule(_MANAGED, "message.replay"),
    ("POST", f"{_DELIVERY}/skip"): Rule(_MANAGED, "message.skip"),
}

_HL7_PAGES = "/administration/hl7"
_HL7_PAGE = f"{_HL7_PAGES}/{{peer_id}}"
_RESULT = f"{_HL7_PAGE}/deliveries/{{delivery_id}}"
_HL7: Mapping[Route, Rule] = {
    ("GET", _HL7_PAGES): Rule(_MANAGED, "hl7-peer.list"),
    ("GET", _HL7_PAGE): Rule(_MANAGED, "hl7-peer.view"),
    ("POST", f"{_HL7_PAGE}/switch"): Rule(_MANAGED, "hl7-peer.change"),
    ("POST", f"{_HL7_PAGE}/replay"): Rule(_MANAGED, "message.replay-all"),
    ("POST", f"{_RESULT}/replay"): Rule(_MANAGED, "message.replay"),
    ("POST", f"{_RESULT}/skip"): Rule(_MANAGED, "message.skip"),
}

RULES: Mapping[Route, Rule] = {
    **_FOR_ALL,
    **_PAGES,
    **_REVIEWING,
    **_API,
    **_FHIR,
    **_ADMINISTRATION,
    **_SYSTEMS,
    **_BUNDLE_PAGES,
    **_WEBHOOKS,
    **_HL7,
}


@dataclass(frozen=True)
class Matched:
    """The rule of a request, the keys in its path, and the template that it fits."""

    rule: Rule
    keys: Mapping[str, str]
    template: str


def rule_for(method: str, path: str) -> Matched | None:
    """The rule of a request; None where the table has none.

    A path that stands there as it is comes before one with keys: `/cases/new` is no case.
    """
    for asked in _methods(method):
        if rule := RULES.get((asked, path)):
            return Matched(rule, {}, path)
        for pattern, template, rule in _patterns()[asked]:
            if found := pattern.fullmatch(path):
                return Matched(rule, found.groupdict(), template)
    return None


def has_path(path: str) -> bool:
    """Whether the table knows the path under any method."""
    return any(rule_for(method, path) for method in _patterns())


def _methods(method: str) -> tuple[str, ...]:
    """HEAD is a GET without its body."""
    return ("HEAD", "GET") if method == "HEAD" else (method,)


_Pattern = tuple[re.Pattern[str], str, Rule]


class _Patterns(dict[str, list[_Pattern]]):
    def __missing__(self, method: str) -> list[_Pattern]:
        return []


@cache
def _patterns() -> _Patterns:
    found = _Patterns()
    for method, template, rule in _with_keys():
        found.setdefault(method, []).append((compile_path(template)[0], template, rule))
    return found


def _with_keys() -> Iterator[tuple[str, str, Rule]]:
    for (method, template), rule in RULES.items():
        if "{" in template:
            yield method, template, rule
