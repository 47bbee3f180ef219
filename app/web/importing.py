"""A case from another instance, as the API and the page take it in."""

from dataclasses import replace
from typing import BinaryIO

from app.bootstrap import Container
from app.domain.case import Case
from app.domain.user import User
from app.services.archive_reading import read_archive, store_images
from app.services.case_import import ImportChoices, import_case
from app.services.once import found_at
from app.services.sites import site_for


def take_archive(container: Container, user: User, file: BinaryIO, choices: ImportChoices) -> Case:
    """Check an archive to the last byte, then store its case in the site of who sent it.

    Raises
    ------
    InvalidInput, TooLarge
        If it is refused.
    Conflict
        If it does not fit what is stored here.
    """
    records = read_archive(file)
    store_images(file, records, container.blobs, container.limits.image)
    active, rule = container.bundle, container.review_rule
    with container.transactions() as transaction:
        placed = replace(choices, site_id=site_for(transaction, user, None))
        case = import_case(transaction, records, placed, active, rule, container.now())
        found_at(f"/api/v1/cases/{case.id}", 201)
    return case
