"""What a password must be."""

import pytest

from app.domain.password import MAX_LENGTH, normalised, problem
from app.services.common_passwords import is_common


def said(password, *names, has_second_factor=False):
    return problem(password, names, is_common, has_second_factor=has_second_factor)


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "quatre éléphants verts",
        "密码很长但是没有人会猜到它的内容吧",
        "    spaces count too    ",
        "annemarie walks nine dogs",
        "x" * 4 + "different enough to be long",
    ],
)
def test_any_long_text_is_good(password):
    assert said(password, "annemarie", "Anne Marie Dubois") is None


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("fourteen chars", "at least 15"),
        ("long " * 250, "longer than 1000"),
        ("PasswordPassword", "guessed first"),
        ("1234567890qwerty", "guessed first"),
        ("sunshinesunshinesunshine", "repeats"),
        ("abcabcabcabcabcabc", "repeats"),
        ("aaaaaaabbbbbbbbbbbbb", "repeats"),
        ("56789012345678901", "counts on"),
        ("zyxwvutsrqponmlkj", "counts on"),
        ("vexascope annemarie", "the name"),
        ("Dubois Anne Marie 1", "the name"),
    ],
)
def test_what_is_guessed_first_is_not(password, why):
    assert why in said(password, "annemarie", "Anne Marie Dubois")


def test_eight_are_enough_beside_a_second_factor():
    assert said("kruimel9", has_second_factor=True) is None
    assert "at least 8" in said("kruimel", has_second_factor=True)
    assert "guessed first" in said("Football1", has_second_factor=True)


def test_a_letter_is_one_letter_however_it_was_typed():
    composed, decomposed = "\u00e9", "e\u0301"
    assert normalised(decomposed) == composed
    assert "at least 15" in said(decomposed * 14)
    assert said("x" * MAX_LENGTH) is not None
