"""Cases are found by their patient, however the name is typed."""

from app.domain.case import NewCase
from app.domain.site import DEFAULT_SITE_ID
from app.domain.timeline import HistoryFilter
from app.services.opening import open_case


def test_a_name_is_found_whatever_its_case_and_composition(container):
    # An E with its accent as a sign of its own, as some keyboards type it.
    name = "E\u0301lodie Stra\u00dfer"
    with container.transactions() as transaction:
        case = open_case(transaction, NewCase("A-1", "P-1"), container.now())
        # The name comes with the second case of the patient.
        named = open_case(transaction, NewCase("A-2", "P-1", name), container.now())
        other = open_case(transaction, NewCase("A-3", "P-3", "Someone"), container.now())
        found = {
            text: [
                line.case_id
                for line in transaction.history.page(
                    HistoryFilter(text), [DEFAULT_SITE_ID], None, 9
                )
            ]
            for text in ("\u00e9lodie", "\u00c9LODIE STRASSER", "some")
        }
    assert list(found.values()) == [[named.id, case.id], [named.id, case.id], [other.id]]
