from app.web.pages.set_names import set_title


def test_a_set_of_a_comparison_is_called_by_its_second():
    assert set_title("2026-11-29 15:33:12.646837 ann") == "2026-11-29 15:33:12 UTC, ann"


def test_a_named_set_keeps_its_name():
    assert set_title("Daily A") == "Daily A"
