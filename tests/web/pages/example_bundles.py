"""Examples of the pages about bundles, comparisons and control slides."""

from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.bundle_switch import Reclassification
from app.ports import Bundle
from app.web.pages.present_bundles import ReclassifyForm, reclassify_page
from tests.factories import NOW, make_manifest, make_rule

LATER = NOW + timedelta(hours=3)
HOSTILE = '<script>alert("1")</script>'
FIRST = Bundle(make_manifest(name="VEXAS"), make_rule())
SECOND = Bundle(make_manifest(name="VEXAS", version="0.0.2"), make_rule())


def bundle_pages(case) -> dict[str, list[object]]:
    """Template name to contexts that reach every branch of it."""
    return {"reclassify.html": _reclassify_pages(case)}


def _reclassify_pages(case) -> list[object]:
    first, second = FIRST.manifest, SECOND.manifest
    titles = {item.digest: item.title for item in (first, second)}
    past = [
        Reclassification(uuid7(), case.id, None, first.digest, uuid7(), HOSTILE, NOW, HOSTILE),
        Reclassification(
            uuid7(), case.id, first.digest, second.digest, uuid7(), "Dr Ann", NOW, HOSTILE
        ),
    ]
    form = ReclassifyForm(second.digest, HOSTILE, "Wrong.")
    return [
        reclassify_page(case, first, [FIRST], ReclassifyForm(), [], {}, LATER, is_signed=False),
        reclassify_page(case, first, [FIRST, SECOND], form, past, titles, LATER, is_signed=True),
    ]
