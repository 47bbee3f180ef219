"""All pages for people."""

from fastapi import APIRouter

from app.web.pages import (
    account_pages,
    administration_pages,
    audit_pages,
    bundle_pages,
    case_pages,
    cell_pages,
    client_pages,
    comment_pages,
    comparison_pages,
    control_pages,
    data_pages,
    gallery_pages,
    history_pages,
    hl7_pages,
    images,
    import_pages,
    neighbour_pages,
    password_pages,
    people_pages,
    preferences,
    provider_pages,
    readers_pages,
    reclassify_pages,
    reference_pages,
    report_pages,
    review_acts,
    sign_in_pages,
    signing_pages,
    site_pages,
    statistics_pages,
    upload_pages,
    webhook_pages,
    worklist_pages,
)

router = APIRouter(include_in_schema=False)
router.include_router(sign_in_pages.router)
router.include_router(worklist_pages.router)
# Before the pages of a case, whose address it looks like.
router.include_router(import_pages.router)
router.include_router(case_pages.router)
router.include_router(upload_pages.router)
router.include_router(readers_pages.router)
router.include_router(cell_pages.router)
router.include_router(comment_pages.router)
router.include_router(gallery_pages.router)
router.include_router(review_acts.router)
router.include_router(reference_pages.router)
router.include_router(report_pages.router)
router.include_router(signing_pages.router)
router.include_router(reclassify_pages.router)
router.include_router(bundle_pages.router)
router.include_router(comparison_pages.router)
router.include_router(control_pages.router)
router.include_router(images.router)
router.include_router(neighbour_pages.router)
router.include_router(preferences.router)
router.include_router(administration_pages.router)
router.include_router(statistics_pages.router)
router.include_router(audit_pages.router)
router.include_router(history_pages.router)
router.include_router(data_pages.router)
router.include_router(account_pages.router)
router.include_router(password_pages.router)
router.include_router(provider_pages.router)
router.include_router(webhook_pages.router)
router.include_router(hl7_pages.router)
router.include_router(people_pages.router)
router.include_router(site_pages.router)
router.include_router(client_pages.router)
