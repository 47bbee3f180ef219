from app.web.pages.card_markup import card_markup


def test_a_card_has_headings_and_tables_below_the_pages_own():
    made = card_markup("# Trained on\n\n| label | n |\n|---|---|\n| vacuole | 62 |\n")
    assert "<h2>Trained on</h2>" in made
    assert "<td>62</td>" in made


def test_a_card_from_elsewhere_brings_nothing_that_acts():
    made = card_markup("<script>x()</script> [go](javascript:x) ![p](https://other.example/p.png)")
    assert "<script" not in made
    assert 'javascript:x"' not in made
    assert "<img" not in made
