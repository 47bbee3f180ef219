"""Passwords, links, second factors, sessions and lock-out, on both databases."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from uuid_utils.compat import uuid7

from app.domain.access import Role
from app.domain.errors import Conflict, InvalidInput, NotFound, TooManyAttempts
from app.domain.sign_in import Method, SessionRule
from app.domain.user import NO_PASSWORD, User
from app.services import lockout, passwords, second_factor, sessions
from app.storage.sealing import KeySealer
from tests.factories import NOW

GOOD = "correct horse battery staple"
RULE = SessionRule(timedelta(minutes=30), timedelta(hours=12))
BROWSER = sessions.Browser("10.0.0.7", "Firefox")


@pytest.fixture
def ann(container):
    user = User(uuid7(), "ann", Role.HAEMATOLOGIST, passwords.hash_password(GOOD))
    with container.transactions() as transaction:
        transaction.users.add(user, NOW)
    return user


SEALER = KeySealer("a key of tests", Path())


def enrol(transaction, user, at=NOW):
    """A confirmed second factor: its authenticator and its recovery codes."""
    factor = second_factor.begin(transaction, user, SEALER)
    totp = pyotp.TOTP(SEALER.unseal(factor.secret))
    return totp, second_factor.confirm(transaction, user, totp.at(at), SEALER, at)


def uses(transaction, user, code, at):
    return second_factor.uses(transaction, user.id, code, SEALER, at)


def test_a_password_is_known_in_every_spelling_of_its_letters(container, ann):
    user = User(
        ann.id, "ann", Role.HAEMATOLOGIST, passwords.hash_password("caf\u00e9 noir au lait")
    )
    assert passwords.fits("cafe\u0301 noir au lait", user)
    assert not passwords.fits("cafe noir au lait", user)
    assert not passwords.fits("anything", None)
    assert not passwords.fits("x" * 100_000, user)
    assert not passwords.fits("!", User(uuid7(), "imported", Role.HAEMATOLOGIST, NO_PASSWORD))


def test_a_new_password_ends_sessions_and_links(container, ann):
    with container.transactions() as transaction:
        token, _ = sessions.start(transaction, ann, BROWSER, Method.PASSWORD, NOW)
        link = passwords.make_link(transaction, ann, NOW)
        passwords.change(transaction, ann, "a quite different sentence")
        assert sessions.find(transaction, token, RULE, NOW) is None
        with pytest.raises(NotFound):
            passwords.user_of_link(transaction, link, NOW)


def test_a_link_is_for_one_use_and_for_three_days(container, ann):
    with container.transactions() as transaction:
        earlier = passwords.make_link(transaction, ann, NOW)
        link = passwords.make_link(transaction, ann, NOW)
        for token, when in ((earlier, NOW), (link, NOW + passwords.LINK_LIFE), ("", NOW)):
            with pytest.raises(NotFound):
                passwords.user_of_link(transaction, token, when)
    with pytest.raises(InvalidInput, match="at least 15"), container.transactions() as transaction:
        passwords.choose_by_link(transaction, link, "too short", NOW)
    with container.transactions() as transaction:
        passwords.choose_by_link(transaction, link, "a quite different sentence", NOW)
        with pytest.raises(NotFound):
            passwords.choose_by_link(transaction, link, "a third sentence, later", NOW)
        user = transaction.users.get(ann.id)
    assert passwords.fits("a quite different sentence", user)


def test_a_code_is_taken_once_and_one_step_early_or_late(container, ann):
    with container.transactions() as transaction:
        totp, _ = enrol(transaction, ann)
        later = NOW + timedelta(minutes=5)
        for seconds, is_right in ((-60, False), (60, False), (-30, True), (30, True)):
            code = totp.at(later + timedelta(seconds=seconds))
            assert uses(transaction, ann, code, later) is is_right
            assert not uses(transaction, ann, code, later)
        # What was used came from a later step than this.
        assert not uses(transaction, ann, totp.at(later), later)


def test_the_code_that_confirmed_does_not_sign_in(container, ann):
    with container.transactions() as transaction:
        totp, _ = enrol(transaction, ann)
        assert not uses(transaction, ann, totp.at(NOW), NOW)
        with pytest.raises(Conflict):
            second_factor.begin(transaction, ann, SEALER)


def test_it_is_not_asked_for_before_a_first_right_code(container, ann):
    with container.transactions() as transaction:
        factor = second_factor.begin(transaction, ann, SEALER)
        for wrong in ("000000", "", "é" * 6, pyotp.TOTP(SEALER.unseal(factor.secret)).at(0)):
            with pytest.raises(InvalidInput):
                second_factor.confirm(transaction, ann, wrong, SEALER, NOW)
        assert not second_factor.is_asked(transaction, ann.id)


def test_ten_recovery_codes_each_for_one_use(container, ann):
    with container.transactions() as transaction:
        _, codes = enrol(transaction, ann)
        assert len(set(codes)) == 10
        assert uses(transaction, ann, codes[3].upper().replace("-", " "), NOW)
        assert not uses(transaction, ann, codes[3], NOW)
        assert transaction.second_factors.count_codes(ann.id) == 9
        second_factor.renew_codes(transaction, ann.id)
        assert not uses(transaction, ann, codes[4], NOW)


def test_of_many_requests_with_one_code_one_gets_in(container, ann):
    with container.transactions() as transaction:
        totp, _ = enrol(transaction, ann)
    later = NOW + timedelta(minutes=1)

    def try_it(_):
        with container.transactions() as transaction:
            return uses(transaction, ann, totp.at(later), later)

    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(try_it, range(8))) == 1


def test_a_session_ends_idle_and_after_its_longest_time(container, ann):
    with container.transactions() as transaction:
        token, session = sessions.start(transaction, ann, BROWSER, Method.PASSWORD, NOW)
        almost = NOW + timedelta(minutes=29)
        assert sessions.find(transaction, token, RULE, almost)
        assert not sessions.find(transaction, token, RULE, NOW + timedelta(minutes=30))
        for minutes in range(20, 12 * 60, 20):
            at = NOW + timedelta(minutes=minutes)
            _, session = sessions.find(transaction, token, RULE, at)
            sessions.note_act(transaction, session, at)
            transaction.sessions.by_token("")
        assert not sessions.find(transaction, token, RULE, NOW + timedelta(hours=12))
        assert not sessions.find(transaction, f"{token}x", RULE, NOW)


def test_sessions_are_listed_and_ended_one_or_all(container, ann):
    with container.transactions() as transaction:
        tokens = [
            sessions.start(transaction, ann, BROWSER, Method.PASSWORD, NOW)[0] for _ in range(3)
        ]
        first, second, third = sessions.living(transaction, ann, RULE, NOW)
        transaction.sessions.end(uuid7(), first.id)
        transaction.sessions.end(ann.id, first.id)
        assert {s.id for s in sessions.living(transaction, ann, RULE, NOW)} == {
            second.id,
            third.id,
        }
        assert transaction.sessions.end_all(ann.id, but=second.id) == 1
        assert sum(bool(sessions.find(transaction, t, RULE, NOW)) for t in tokens) == 1


def fail(container, attempt, at=NOW):
    with container.transactions() as transaction:
        lockout.begin(transaction, attempt, at)


def test_failures_are_answered_by_waits_that_double_to_a_quarter_of_an_hour(container):
    attempt, at, waits = lockout.Attempt("ann", "10.0.0.7"), NOW, []
    for _ in range(lockout.FREE_TRIES):
        fail(container, attempt, at)
    for _ in range(7):
        with pytest.raises(TooManyAttempts) as caught:
            fail(container, attempt, at)
        waits.append(caught.value.retry_after_s)
        at += timedelta(seconds=caught.value.retry_after_s)
        fail(container, attempt, at)
    assert waits == [30, 60, 120, 240, 480, 900, 900]
    fail(container, attempt, at + timedelta(hours=24))
    fail(container, attempt, at + timedelta(hours=24))


def test_a_stranger_does_not_lock_out_a_known_browser(container):
    for number in range(lockout.FREE_TRIES):
        fail(container, lockout.Attempt("ann", f"10.0.1.{number}"))
    with pytest.raises(TooManyAttempts):
        fail(container, lockout.Attempt("ann", "10.0.0.7"))
    known = lockout.Attempt("ann", "10.0.0.7", known_device="a browser of Ann's")
    with container.transactions() as transaction:
        lockout.begin(transaction, known, NOW)
        lockout.succeed(transaction, known, NOW)
    # Her success tells nothing about the stranger.
    with pytest.raises(TooManyAttempts):
        fail(container, lockout.Attempt("ann", "10.0.0.7"))


def test_an_address_that_tries_many_names_waits(container):
    mine = lockout.Attempt("mallory", "10.0.0.66")
    for number in range(lockout.FREE_TRIES_OF_ADDRESS):
        fail(container, lockout.Attempt(f"name {number}", "10.0.0.66"))
        if number == 20:
            with container.transactions() as transaction:
                lockout.begin(transaction, mine, NOW)
                lockout.succeed(transaction, mine, NOW)
    with pytest.raises(TooManyAttempts):
        fail(container, mine)
    fail(container, lockout.Attempt("mallory", "10.0.0.67"))


def test_many_tries_at_one_moment_count_each(container):
    def try_it(_):
        try:
            fail(container, lockout.Attempt("ann", "10.0.0.7"))
        except TooManyAttempts:
            return 0
        return 1

    with ThreadPoolExecutor(6) as threads:
        heard = sum(threads.map(try_it, range(30)))
    assert lockout.FREE_TRIES <= heard <= lockout.FREE_TRIES + 6
