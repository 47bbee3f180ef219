"""Signed versions: blocked until all is there, immutable, amended with a reason."""

import json
from dataclasses import replace

import pytest
from sqlalchemy import text

from app.domain.abnormality import Abnormality
from app.domain.errors import Conflict, Damaged, InvalidInput, NotFound
from app.domain.message import Message
from app.domain.review import Act
from app.domain.signing import Meaning
from app.services.report_content import from_content, to_content
from app.services.reporting import report_on
from app.services.reviewing import relabel
from app.services.signing import amend, missing_for_signature, sign, signed_report
from app.web.language import Language, speaking, translated
from tests.factories import NOW
from tests.services.reading_room import LATER, open_room

VACUOLE = Abnormality.VACUOLE


def signed(room, user, seen=None):
    with room.container.transactions() as transaction:
        last = transaction.reviews.last_sequence(room.case.id)
        return sign(transaction, room.reader(user), last if seen is None else seen, LATER)


def act(room, user, ordinals, kind, label=None):
    with room.container.transactions() as transaction:
        relabel(transaction, room.reader(user), room.ids(*ordinals), kind, label, LATER)


def version(room, number):
    with room.container.transactions() as transaction:
        return signed_report(transaction, room.case.id, number, room.ann.id)[0]


def amended(room, user, reason):
    with room.container.transactions() as transaction:
        amend(transaction, room.reader(user), reason, LATER)


def test_a_signature_waits_for_low_confidence_cells(container):
    room = open_room(container, unsure={2: 0.6})
    with pytest.raises(Conflict, match="1 cell of low confidence") as refused:
        signed(room, room.ann)
    with speaking(Language.FRENCH):
        assert "cell of" not in translated(refused.value.detail)
    act(room, room.ann, [2], Act.CONFIRM)
    assert signed(room, room.ann).number == 1


def test_a_signed_report_says_who_when_and_what_it_means(container):
    room = open_room(container, shown=[{VACUOLE}])
    signed(room, room.ann)
    report = version(room, 1)
    assert report.version == 1
    assert report.signature.printed_name == "Dr Ann"
    assert report.signature.signer == "Dr Ann (ann)"
    assert report.signature.at == LATER
    assert report.signature.meaning is Meaning.REVIEWED
    assert report.signature.reason is None
    assert [line.ordinal for line in report.cells] == [1, 2, 3, 4, 5, 6]
    assert report.cells[0].abnormalities == (VACUOLE,)


def test_what_is_kept_is_the_report_to_the_last_digit(container):
    room = open_room(container, shown=[{VACUOLE}] * 40, cell_count=60)
    act(room, room.ann, [1, 2], Act.NORMAL)
    with container.transactions() as transaction:
        report = report_on(transaction, room.case, container.bundle, room.rule, LATER)
    assert from_content(to_content(report)) == report
    assert to_content(from_content(to_content(report))) == to_content(report)
    assert report.review.changed_count == 2
    assert report.review.classifier_proportions[VACUOLE].count == 40
    assert report.abnormalities[2].proportion.count == 38


def test_a_kept_warning_can_still_be_said_in_french(container):
    room = open_room(container, unsure={1: 0.6})
    with container.transactions() as transaction:
        report = report_on(transaction, room.case, container.bundle, room.rule, LATER)
    kept = from_content(to_content(report)).warnings
    assert kept == report.warnings
    assert all(isinstance(item, Message) for item in kept if "low confidence" in item)
    with speaking(Language.FRENCH):
        assert [translated(item) for item in kept] == [translated(w) for w in report.warnings]


def test_a_signed_case_changes_only_by_an_amendment_with_a_reason(container):
    room = open_room(container, shown=[{VACUOLE}])
    first = signed(room, room.ann)
    with pytest.raises(Conflict, match="amendment"):
        act(room, room.bob, [1], Act.NORMAL)
    with pytest.raises(Conflict, match="amendment"):
        signed(room, room.bob)
    with pytest.raises(InvalidInput):
        amended(room, room.bob, "   ")
    amended(room, room.bob, "Cell 1 is an artefact")
    with pytest.raises(Conflict, match="open already"):
        amended(room, room.ann, "Me too")
    act(room, room.bob, [1], Act.EXCLUDE)
    second = signed(room, room.bob)
    assert second.number == 2
    report = version(room, 2)
    assert report.signature.meaning is Meaning.AMENDED
    assert report.signature.reason == "Cell 1 is an artefact"
    assert report.pmn_count == 5
    with container.transactions() as transaction:
        kept = transaction.versions.get(room.case.id, 1)
        assert [item.number for item in transaction.versions.of_case(room.case.id)] == [1, 2]
        assert transaction.versions.amendment(room.case.id) is None
    assert kept == first
    assert version(room, 1).pmn_count == 6


def test_a_case_that_is_not_signed_needs_no_amendment(container):
    room = open_room(container)
    with pytest.raises(Conflict, match="not signed"):
        amended(room, room.ann, "Why not")


def test_nobody_signs_what_changed_since_it_was_looked_at(container):
    room = open_room(container)
    act(room, room.bob, [1], Act.EXCLUDE)
    with pytest.raises(Conflict, match="changed since"):
        signed(room, room.ann, seen=0)


def test_a_changed_record_is_not_shown_as_signed(container):
    room = open_room(container)
    kept = signed(room, room.ann)
    content = json.loads(kept.content)
    content["report"]["pmn_count"] = 99
    with container.engine.begin() as connection:
        connection.execute(
            text("UPDATE report_versions SET content = :content"),
            {"content": json.dumps(content)},
        )
    with pytest.raises(Damaged, match="Version 1"):
        version(room, 1)


def test_there_is_no_version_that_nobody_signed(container):
    room = open_room(container)
    with pytest.raises(NotFound):
        version(room, 1)


def test_what_is_missing_is_said_before_anybody_tries(container):
    room = open_room(container, unsure={2: 0.6})
    with container.transactions() as transaction:
        assert missing_for_signature(transaction, room.read()) == (
            "1 cell of low confidence is not reviewed.",
        )
    act(room, room.ann, [2], Act.EXCLUDE)
    signed(room, room.ann)
    with container.transactions() as transaction:
        assert missing_for_signature(transaction, room.read()) == ("The case is signed already.",)


def test_a_report_that_was_kept_before_a_field_was_added_is_still_read(container):
    room = open_room(container)
    with container.transactions() as transaction:
        report = report_on(transaction, room.case, container.bundle, room.rule, NOW)
    content = json.loads(to_content(report))
    for name in ("cells", "review", "interpretation", "outlook"):
        del content["report"][name]
    older = from_content(json.dumps(content))
    assert older == replace(report, cells=(), review=None, interpretation=None, outlook=None)
