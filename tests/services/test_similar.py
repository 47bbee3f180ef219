"""Similar cells on both databases, with the real classifier's embeddings."""

import io

import numpy as np
import pytest
from uuid_utils.compat import uuid7

from app.bootstrap import running
from app.domain.abnormality import Abnormality
from app.domain.access import Role
from app.domain.case import NewCase
from app.domain.finding import Exclusion
from app.domain.review import Act
from app.domain.site import DEFAULT_SITE_ID
from app.domain.user import User
from app.jobs.worker import classify_job
from app.ports import CellEmbedding
from app.services.intake import IncomingFile, take_in
from app.services.registering import register
from app.services.reviewing import Reader, relabel
from app.services.second_reading import give_to_second_reader
from app.services.similar import NEAREST, nearest, similar_cells
from tests.bundles import write_bundle
from tests.factories import NOW, make_cell
from tests.images import encoded

# The test bundle's embedding of a plain picture is its colour, 0-1.
RED, ORANGE, YELLOW, GREEN, BLUE = (
    (230, 20, 60),
    (230, 110, 60),
    (230, 220, 60),
    (20, 200, 90),
    (20, 30, 230),
)

SITES = {DEFAULT_SITE_ID}


def classified(container, number, *colours):
    files = [
        IncomingFile(f"{index}.png", io.BytesIO(encoded(np.full((96, 96, 3), colour, np.uint8))))
        for index, colour in enumerate(colours)
    ]
    delivery = take_in(files, container.limits, container.blobs, container.threads)
    with container.transactions() as transaction:
        case = transaction.cases.add(NewCase(number, f"P-{number}"), NOW)
        register(transaction, case.id, delivery, container.bundle.manifest.digest, NOW)
        cells = transaction.cells.of_case(case.id)
    classify_job(container, case.id, [cell.id for cell in cells])
    return cells


def similar_to(container, cell, viewer_id=None):
    with container.transactions() as transaction:
        return similar_cells(
            transaction, cell, container.bundle, container.review_rule, viewer_id, SITES
        )


def ordinals(found):
    return [item.read.cell.ordinal for item in found]


def test_the_nearest_come_first_and_never_the_cell_itself(container):
    cells = classified(container, "A-1", RED, BLUE, ORANGE, YELLOW)
    found = similar_to(container, cells[0])
    assert ordinals(found.in_case) == [3, 4, 2]
    similarities = [item.similarity for item in found.in_case]
    assert similarities == sorted(similarities, reverse=True)
    assert similarities[0] > 0.8 > similarities[2]
    assert (found.searched_here, found.searched_elsewhere) == (3, 0)
    assert found.elsewhere == ()


def test_other_cases_are_named_and_the_same_picture_is_marked(container):
    classified(container, "A-1", GREEN, RED)
    cells = classified(container, "A-2", RED, BLUE)
    found = similar_to(container, cells[0])
    first, second = found.elsewhere
    assert (first.case.accession_number, first.read.cell.ordinal) == ("A-1", 2)
    assert first.similarity == pytest.approx(1, abs=1e-4)
    assert first.same_picture
    assert not second.same_picture
    assert not found.in_case[0].same_picture
    assert found.searched_elsewhere == 2


def test_each_comes_with_what_was_found_in_it(container):
    [cell, *_] = classified(container, "A-1", BLUE, (250, 30, 250), (250, 30, 20))
    by_ordinal = {item.read.cell.ordinal: item.read for item in similar_to(container, cell).in_case}
    assert Abnormality.VACUOLE in by_ordinal[2].abnormalities
    # Plain pictures are of poor quality, whatever the classifier says.
    assert by_ordinal[3].exclusion is Exclusion.POOR_QUALITY


def test_at_most_so_many_are_shown(container):
    colours = [(200, 10 * index, 90) for index in range(NEAREST + 3)]
    cells = classified(container, "A-1", *colours)
    assert ordinals(similar_to(container, cells[0]).in_case) == list(range(2, NEAREST + 2))


def test_a_cell_without_embedding_has_none_to_compare(container):
    files = [IncomingFile("a.png", io.BytesIO(encoded(np.full((96, 96, 3), RED, np.uint8))))]
    delivery = take_in(files, container.limits, container.blobs, container.threads)
    with container.transactions() as transaction:
        case = transaction.cases.add(NewCase("A-1", "P-1"), NOW)
        register(transaction, case.id, delivery, container.bundle.manifest.digest, NOW)
        [cell] = transaction.cells.of_case(case.id)
    assert similar_to(container, cell) is None


def test_running_the_job_again_changes_no_embedding(container):
    cells = classified(container, "A-1", RED, BLUE)
    digest = container.bundle.manifest.digest
    with container.transactions() as transaction:
        before = transaction.embeddings.of_case(cells[0].case_id, digest)
    classify_job(container, cells[0].case_id, [cell.id for cell in cells])
    with container.transactions() as transaction:
        after = transaction.embeddings.of_case(cells[0].case_id, digest)
    assert len(before) == 2
    assert [item.vector.tobytes() for item in after] == [item.vector.tobytes() for item in before]


def test_of_equals_those_listed_first_come_first():
    vector = np.eye(64, dtype=np.float16)[0]
    items = [CellEmbedding(make_cell().id, "d" * 64, vector) for _ in range(5)]
    assert [cell_id for cell_id, _ in nearest(items[0], items, 3)] == [
        item.cell_id for item in items[:3]
    ]
    assert nearest(items[0], []) == []


def a_reader(container, name):
    user = User(uuid7(), name, Role.HAEMATOLOGIST, "")
    with container.transactions() as transaction:
        transaction.users.add(user, NOW)
    return user


def test_a_reviewed_cell_comes_as_its_reader_holds_it_and_blind_to_the_second(container):
    first, second = a_reader(container, "first"), a_reader(container, "second")
    reviewed = classified(container, "A-1", RED, ORANGE)[0]
    [asked] = classified(container, "A-2", RED)
    with container.transactions() as transaction:
        case = transaction.cases.get(reviewed.case_id)
        reader = Reader(first, case, container.bundle, container.review_rule)
        relabel(transaction, reader, [reviewed.id], Act.CALL, Abnormality.HYPOGRANULARITY, NOW)
        give_to_second_reader(transaction, reader, second, NOW)
    for viewer, is_seen in ((first.id, True), (None, True), (second.id, False)):
        found = similar_to(container, asked, viewer).elsewhere
        by_ordinal = {item.read.cell.ordinal: item.read for item in found}
        assert by_ordinal[1].is_reviewed is is_seen
        assert (Abnormality.HYPOGRANULARITY in by_ordinal[1].abnormalities) is is_seen
        assert not by_ordinal[2].is_reviewed


def test_a_case_that_another_bundle_begins_to_read_still_has_its_neighbours(container, tmp_path):
    cells = classified(container, "A-1", RED, ORANGE)
    [asked] = classified(container, "A-2", YELLOW)
    settings = container.settings.model_copy(
        update={"bundle_dir": write_bundle(tmp_path / "other", manifest={"version": "0.0.2"})}
    )
    with running(settings) as newer:
        newer.remember_bundle()
        classify_job(newer, cells[0].case_id, [cells[0].id])
        found = similar_to(newer, asked)
    assert found.bundle == container.bundle
    assert [item.read.cell.id for item in found.elsewhere] == [cells[1].id, cells[0].id]
    assert found.elsewhere[0].read.findings.bundle_digest == container.bundle.manifest.digest
