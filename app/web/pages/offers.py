"""What a page offers an account: nothing that would be refused once it is typed or chosen."""

from dataclasses import replace

from app.domain.access import Permission
from app.domain.user import User
from app.web.language import gettext
from app.web.pages.contexts import Comments, NewCasePage
from app.web.pages.gallery_contexts import ReviewStatus
from app.web.pages.readers_contexts import ReadersPage
from app.web.pages.report_contexts import ReportPage
from app.web.pages.upload_contexts import UploadPanel


def report_for(page: ReportPage, user: User) -> ReportPage:
    """The report, with what the account may do with it."""
    if not user.may(Permission.SIGN):
        page = replace(page, sign_path=None, amend_path=None)
    return page if user.may(Permission.REVIEW) else replace(page, editor=None)


def new_case_for(page: NewCasePage, user: User) -> NewCasePage:
    """The form of a new case, and for who may import one the way there."""
    return page if user.may(Permission.IMPORT) else replace(page, import_path=None)


def comments_for(comments: Comments, user: User) -> Comments:
    """Comments, which readers write and all who see the case read."""
    return comments if user.may(Permission.REVIEW) else replace(comments, path=None)


def upload_for(panel: UploadPanel, user: User, *, is_open: bool) -> UploadPanel:
    """What was sent, and while the case is open the place for more, for who may send it."""
    return panel if is_open and user.may(Permission.UPLOAD) else replace(panel, path=None)


def review_for(status: ReviewStatus, user: User) -> ReviewStatus:
    """The gallery: some decide, some only leave out what is no cell, some look."""
    if user.may(Permission.REVIEW):
        return status
    status = replace(status, can_finish=False, can_reopen=False)
    if user.may(Permission.EXCLUDE):
        note = gettext("Your account can leave cells out and put them back. Readers do the rest.")
        return replace(status, notice=status.notice or note)
    note = gettext("Your account can look at the cells, and decides nothing.")
    return replace(status, notice=note, is_closed=True)


def readers_for(page: ReadersPage, user: User) -> ReadersPage:
    """Who reads: for readers with the acts, for others to look at."""
    if user.may(Permission.REVIEW):
        return page
    finish = replace(page.finish, path=None)
    return replace(page, finish=finish, give_path=None, withdraw_path=None, can_settle=False)
