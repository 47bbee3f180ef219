"""Examples of the pages of signing in and of accounts."""

from dataclasses import replace
from datetime import timedelta

from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.sign_in import Method, Session
from app.domain.site import DEFAULT_SITE_ID, Site
from app.domain.user import NO_PASSWORD, User
from app.services.accounts import RESET_PASSWORD, AccountState, Reset
from app.web.pages.account_contexts import (
    AccountPage,
    ChoosePasswordPage,
    RecoveryCodesPage,
    SignedInAgainPage,
    SignInCodePage,
)
from app.web.pages.contexts import SignInPage
from app.web.pages.present_account import (
    codes_left,
    password_hint,
    reset_lines,
    role_name,
    second_factor_page,
    session_rows,
)
from app.web.pages.present_people import (
    AccountForm,
    PersonView,
    people_page,
    person_page,
    sites_page,
)
from tests.factories import NOW

HOSTILE = '<script>alert("1")</script>'
CHROME = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


def example_account():
    """By the names of their templates."""
    user = User(uuid7(), HOSTILE, Role.HAEMATOLOGIST, "")
    secret = "23456723" * 4
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
            second_factor_page(secret, user, None),
            second_factor_page(secret, user, HOSTILE),
        ],
        "recovery_codes.html": [RecoveryCodesPage(("2345-6723-4567-2345",) * 2)],
        **people(user),
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
        resets=() if codes is None else reset_lines([Reset(RESET_PASSWORD, HOSTILE, NOW)]),
        sites=(HOSTILE,),
        has_password=has_password,
        password_hint=password_hint(has_second_factor=codes is not None),
        codes_left=None if codes is None else codes_left(codes),
        sessions=session_rows((here, there), here, NOW),
        notice=None if codes else HOSTILE,
        error=HOSTILE if codes else None,
    )


def people(user):
    """The accounts and sites that an administrator sees."""
    states = [
        AccountState(user, has_second_factor=True, is_external=False),
        AccountState(user, has_second_factor=False, is_external=True),
        AccountState(replace(user, is_active=False), has_second_factor=False, is_external=False),
        AccountState(
            replace(user, password_hash=NO_PASSWORD), has_second_factor=False, is_external=False
        ),
    ]
    sites = [Site(DEFAULT_SITE_ID, HOSTILE, NOW), Site(uuid7(), HOSTILE, NOW, is_active=False)]
    form = AccountForm(HOSTILE, HOSTILE, "auditor", frozenset({DEFAULT_SITE_ID}))
    views = [PersonView(state, sites, 2, user) for state in states]
    views += [
        PersonView(states[0], sites, 1, user, link=HOSTILE, notice=HOSTILE),
        PersonView(states[0], sites, 1, user, error=HOSTILE),
        # Seen by who sees none of its sites.
        *(
            PersonView(state, sites, 0, replace(user, id=uuid7(), site_ids=frozenset()))
            for state in (states[0], states[2])
        ),
    ]
    return {
        "administration_people.html": [
            people_page(states, sites, user, AccountForm(), None),
            people_page([], sites, user, form, HOSTILE),
        ],
        "administration_person.html": [person_page(view) for view in views],
        "administration_sites.html": [
            sites_page(sites, user, HOSTILE, None),
            sites_page(sites, user, None, HOSTILE),
            sites_page(sites, replace(user, site_ids=frozenset(s.id for s in sites)), None, None),
        ],
    }


def provider_sign_in():
    """The first page where there is a provider."""
    path = "/sign-in/provider"
    return [
        SignInPage("", "", None, path, offers_sign_out=True),
        SignInPage(HOSTILE, "", HOSTILE, path, is_local=False, has_break_glass=True),
        SignInPage("", "", None, path, is_local=False),
    ]
