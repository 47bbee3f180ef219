"""The API, version 1: every route asks who is there."""

from typing import Any

from fastapi import APIRouter, Depends, Request

from app.web.api import (
    archives,
    bundles,
    cases,
    cells,
    clients,
    events,
    happenings,
    jobs,
    patients,
    printing,
    reclassifications,
    reports,
    reviews,
    sites,
    statistics,
    tokens,
    uploads,
    webhooks,
)
from app.web.dependencies import current_user

router = APIRouter(prefix="/api/v1", dependencies=[Depends(current_user)])


@router.get("/openapi.json", include_in_schema=False)
def openapi(request: Request) -> dict[str, Any]:
    """The description of this API, for those who may use it."""
    document: dict[str, Any] = request.app.openapi()
    return document


router.include_router(cases.router)
router.include_router(events.router)
router.include_router(happenings.router)
router.include_router(archives.router)
router.include_router(cells.router)
router.include_router(reports.router)
router.include_router(reclassifications.router)
router.include_router(printing.router)
router.include_router(statistics.router)
router.include_router(tokens.router)
router.include_router(clients.router)
router.include_router(webhooks.router)
router.include_router(patients.router)
router.include_router(reviews.router)
router.include_router(uploads.router)
router.include_router(jobs.router)
router.include_router(bundles.router)
router.include_router(sites.router)
