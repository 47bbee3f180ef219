"""Examples of the worklist: lines of every state, some of them hostile."""

from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.abnormality import Abnormality
from app.domain.case import CaseOrigin
from app.domain.case_state import CaseState
from app.domain.screening import Recommendation
from app.domain.worklist import SavedFilter, WorklistEntry, WorklistPosition
from app.services.worklist import WorklistPage
from app.web.pages.present_worklist import WorklistView, worklist_part
from app.web.pages.worklist_query import (
    Looked,
    parse_query,
    read_filter,
    read_order,
)
from tests.factories import NOW

USER = uuid7()
HOSTILE = '<script>alert("1")</script>'
AT = NOW + timedelta(hours=3)


def make_entry(state=CaseState.TO_REVIEW, **values):
    given = {
        "case_id": uuid7(),
        "accession_number": HOSTILE,
        "patient_identifier": HOSTILE,
        "origin": CaseOrigin.LABORATORY,
        "opened_at": NOW,
        "state": state,
        **values,
    }
    return WorklistEntry(**given)


def entries():
    counts = dict.fromkeys(Abnormality, 12)
    return [
        make_entry(
            cell_count=130,
            failed_count=2,
            pmn_count=120,
            abnormality_counts=counts,
            score=0.4999,
            cut_off=0.5,
            recommendation=Recommendation.NOT_RAISED_BY_SMEAR,
            reader_id=USER,
            reader_name=HOSTILE,
            needs_second=True,
            origin=CaseOrigin.SYNTHETIC,
        ),
        make_entry(CaseState.CLASSIFYING, cell_count=1200, pending_count=100),
        make_entry(CaseState.EMPTY, origin=CaseOrigin.OPEN_DATA),
        make_entry(CaseState.SIGNED, cell_count=3, pmn_count=0, abnormality_counts=counts),
    ]


def example_view(query="", shown=4, counts=None, searched="P-1"):
    parsed = parse_query(query)
    looked = Looked(USER, lambda _: searched, lambda *_: None)
    lines = entries()[:shown]
    place = WorklistPosition(NOW, uuid7())
    page = WorklistPage(
        entries=lines,
        previous=place if parsed.after else None,
        next=place if shown > 2 else None,
        patient_names={entry.case_id: HOSTILE for entry in lines[:1]},
        counts={
            **dict.fromkeys(CaseState, 0),
            **({CaseState.SIGNED: 1234} if counts is None else counts),
        },
    )
    return WorklistView(
        query=parsed,
        chosen=read_filter(parsed, looked),
        order=read_order(parsed),
        page=page,
        saved=[
            SavedFilter(uuid7(), USER, HOSTILE, {"state": "signed"}),
            SavedFilter(uuid7(), USER, "searched", {}, uuid7()),
        ],
        readers={USER: "ann", uuid7(): HOSTILE},
        user_id=USER,
        now=AT,
    )


def example_worklist(**values):
    return worklist_part(example_view(**values))
