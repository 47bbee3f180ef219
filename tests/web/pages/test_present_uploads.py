from uuid_utils.compat import uuid7

from app.domain.case import Upload
from app.domain.errors import RefusedFile
from app.domain.upload_part import UploadPart
from app.web.language import Language, speaking
from app.web.pages.present_uploads import deliveries_part
from tests.factories import NOW

MIB = 1024**2
REFUSED = RefusedFile("a.jpg", "not_an_image", "The file is empty. Send it again.")


def upload(accepted, duplicates=(), refused=()):
    return Upload(uuid7(), uuid7(), NOW, accepted, duplicates, refused)


def part(offset, size):
    return UploadPart(uuid7(), uuid7(), uuid7(), "a.zip", size, offset, NOW, NOW)


def test_the_numbers_of_the_summary_are_those_of_the_lists():
    uploads = [upload(1000, ("b.jpg",), (REFUSED,)), upload(0, (), (REFUSED,)), upload(1)]
    shown = deliveries_part(uuid7(), uploads, [])
    assert shown.summary == "1,001 images accepted, 1 duplicate, 1 file refused"
    assert len(shown.refused) == len(shown.duplicates) == 1


def test_a_file_that_lacks_a_byte_never_looks_whole():
    shown = deliveries_part(uuid7(), [], [part(20 * MIB - 1, 20 * MIB), part(5, 5)])
    assert shown.summary is None
    assert shown.being_read == "1 file is being read."
    assert [row.arrived for row in shown.unfinished] == ["19.9 of 20.0\u202fMiB"]


def test_speaks_french():
    with speaking(Language.FRENCH):
        shown = deliveries_part(uuid7(), [upload(2, (), (REFUSED,))], [part(MIB, 3 * MIB // 2)])
    assert shown.summary == "2 images acceptées, 1 fichier refusé"
    assert shown.refused[0].detail != REFUSED.detail
    assert shown.unfinished[0].arrived == "1,0 sur 1,5\u202fMio"
