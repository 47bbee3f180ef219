"""All pages for people."""

from fastapi import APIRouter

from app.web.pages import (
    case_pages,
    images,
    neighbour_pages,
    preferences,
    readers_pages,
    report_pages,
    sign_in_pages,
    upload_pages,
    worklist_pages,
)

router = APIRouter(include_in_schema=False)
router.include_router(sign_in_pages.router)
router.include_router(worklist_pages.router)
router.include_router(case_pages.router)
router.include_router(upload_pages.router)
router.include_router(readers_pages.router)
router.include_router(report_pages.router)
router.include_router(images.router)
router.include_router(neighbour_pages.router)
router.include_router(preferences.router)
