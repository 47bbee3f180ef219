"""Examples of the pages of signing in and of accounts."""

from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.sign_in import Method, SecondFactor, Session
from app.domain.user import User
from app.web.pages.account_contexts import (
    AccountPage,
    ChoosePasswordPage,
    RecoveryCodesPage,
    SignedInAgainPage,
    SignInCodePage,
)
from app.web.pages.present_account import (
    codes_left,
    password_hint,
    role_name,
    second_factor_page,
    session_rows,
)
from tests.factories import NOW

HOSTILE = '<script>alert("1")</script>'
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def example_account():
    """By the names of their templates."""
    user = User(uuid7(), HOSTILE, Role.HAEMATOLOGIST, "")
    factor = SecondFactor(user.id, "23456723" * 4, 0, None)
    return {
        "sign_in_code.html": [SignInCodePage("", None), SignInCodePage("/cases/1", HOSTILE)],
        "signed_in_again.html": [SignedInAgainPage(HOSTILE)],
        "choose_password.html": [
            ChoosePasswordPage(
                "/choose-password/x", HOSTILE, password_hint(has_second_factor=True), None
            ),
            ChoosePasswordPage(
                "/choose-password/x", HOSTILE, password_hint(has_second_factor=False), HOSTILE
            ),
        ],
        "second_factor.html": [
            second_factor_page(factor, user, None),
            second_factor_page(factor, user, HOSTILE),
        ],
        "recovery_codes.html": [RecoveryCodesPage(("2345-6723-4567-2345",) * 2)],
        "account.html": [account(), account(has_password=False), account(codes=1)],
    }


def account(*, has_password=True, codes=None):
    """Signed in at two browsers, one of which calls itself something."""
    hour = timedelta(hours=1)
    here, there = (
        Session(uuid7(), uuid7(), NOW - hour, NOW, address, name, Method.PASSWORD)
        for name, address in ((CHROME, "10.0.0.7"), ("", HOSTILE))
    )
    return AccountPage(
        user_name=HOSTILE,
        role=role_name(Role.HAEMATOLOGIST),
        sites=(HOSTILE,),
        has_password=has_password,
        password_hint=password_hint(has_second_factor=codes is not None),
        codes_left=None if codes is None else codes_left(codes),
        sessions=session_rows((here, there), here, NOW),
        notice=None if codes else HOSTILE,
        error=HOSTILE if codes else None,
    )
