"""FHIR R4: every route but the CapabilityStatement asks who is there."""

from fastapi import APIRouter, Depends

from app.web.dependencies import current_user
from app.web.fhir import conformance, orders, parts, reports, searching
from app.web.fhir.answers import PREFIX, negotiate

router = APIRouter(prefix=PREFIX, dependencies=[Depends(negotiate)])
_SIGNED_IN = [Depends(current_user)]

router.include_router(conformance.router)
router.include_router(searching.router, dependencies=_SIGNED_IN)
router.include_router(reports.router, dependencies=_SIGNED_IN)
router.include_router(parts.router, dependencies=_SIGNED_IN)
router.include_router(orders.router, dependencies=_SIGNED_IN)
