from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain.case_state import CaseState
from app.web.language import Language, speaking
from app.web.pages.present_worklist import age, worklist_part
from tests.factories import NOW
from tests.web.pages.example_worklist import USER, example_view, example_worklist
from tests.web.pages.test_wording import plain


def test_a_line_shows_what_is_known_and_dashes_for_the_rest():
    read, classifying, empty, _ = example_worklist(query="finding=vacuole&least=5").lines
    assert (read.pmn_count, plain(read.finding_share)) == ("120", "10.0")
    # Two decimals would show a score below the cut-off as the cut-off.
    assert read.score == "0.4999"
    assert (read.recommendation, read.recommendation_mark) == ("Not raised by the smear", "○")
    assert (read.state, read.state_note, read.needs_second) == ("To review", "2 failed", True)
    assert (classifying.state, classifying.state_note) == ("Classifying", "1,100 of 1,200")
    assert [plain(text) for text in (classifying.pmn_count, classifying.score)] == ["-", "-"]
    assert (empty.recommendation, empty.report_path, empty.origin) == (None, None, "Open data")


def test_a_share_of_no_cells_is_a_dash():
    line = example_worklist(query="finding=vacuole").lines[3]
    assert (line.pmn_count, plain(line.finding_share)) == ("0", "-")


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(minutes=5, seconds=59), "0.0 h"),
        (timedelta(minutes=6), "0.1 h"),
        (timedelta(hours=47, minutes=59), "47.9 h"),
        (timedelta(hours=48), "2 d"),
        (timedelta(days=1234, hours=23), "1,234 d"),
        (timedelta(minutes=-3), "0.0 h"),
    ],
)
def test_the_age_is_in_hours_and_then_in_days(passed, text):
    assert plain(age(NOW, NOW + passed)) == text


def test_the_age_rises_where_the_time_of_opening_falls():
    def directions(query):
        return {header.text: header.direction for header in example_worklist(query=query).headers}

    assert directions("")["Age"] == "ascending"
    assert directions("order=asc")["Age"] == "descending"
    assert directions("sort=score")["Score"] == "descending"
    assert directions("sort=score")["Age"] == "none"


def test_a_second_click_turns_the_order():
    first = {header.text: header.path for header in example_worklist().headers}
    assert first["Score"] == "/cases?sort=score&order=desc"
    assert first["Age"] == "/cases?sort=opened&order=asc"
    again = example_worklist(query="sort=score&order=desc&state=signed").headers
    assert {header.text: header.path for header in again}["Score"] == (
        "/cases?state=signed&sort=score&order=asc"
    )


def test_tabs_count_each_state_and_keep_the_rest_of_the_filter():
    part = example_worklist(query="state=signed&finding=vacuole&after=x", shown=1)
    tabs = {tab.text: tab for tab in part.tabs}
    assert list(tabs) == ["All", *(state.wording for state in CaseState)]
    assert (tabs["All"].count, tabs["Signed"].count, tabs["To review"].count) == (
        "1,234",
        "1,234",
        "0",
    )
    assert [text for text, tab in tabs.items() if tab.current] == ["Signed"]
    assert tabs["All"].path == "/cases?finding=vacuole"
    assert tabs["Amended"].path == "/cases?state=amended&finding=vacuole"


def test_nobody_is_sent_to_an_address_with_what_was_searched_for():
    view = example_view(query=f"search={USER}", searched="MRN-4711")
    part = worklist_part(view)
    assert part.fields.text == "MRN-4711"
    paths = [
        *(tab.path for tab in part.tabs),
        *(header.path for header in part.headers),
        part.clear_path,
        part.next_path,
        part.query,
    ]
    assert not [path for path in paths if "4711" in path]


def test_a_saved_filter_that_is_shown_is_marked():
    view = example_view(query="state=signed")
    assert [chip.current for chip in worklist_part(view).chips] == [True, False]
    other = worklist_part(replace(view, query=view.query.model_copy(update={"sort": "score"})))
    assert [chip.current for chip in other.chips] == [False, False]


def test_an_empty_product_is_told_from_an_empty_list():
    assert not example_worklist(shown=0, counts={}).has_cases
    assert example_worklist(query="state=signed", shown=0, counts={}).has_cases
    assert example_worklist(query="state=signed", shown=0).clear_path == "/cases"


def test_numbers_are_written_as_in_the_language_of_the_request():
    with speaking(Language.FRENCH):
        line = example_worklist().lines[0]
    assert (line.score, plain(line.age)) == ("0,4999", "3,0 h")
