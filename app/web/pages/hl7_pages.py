"""HL7: how orders are taken, to whom results go, and what became of each message.

Peers are named by command, by who runs the server: an address within the hospital's network is
nothing that a page should be able to set.
"""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Response

from app.services import hl7_peers
from app.web.dependencies import ContainerDep, UserDep
from app.web.language import gettext
from app.web.pages.destination_acts import message_acts
from app.web.pages.destination_reading import (
    MessagesQuery,
    done_text,
    looking,
    messages_of,
    state_of,
)
from app.web.pages.navigation import see_other
from app.web.pages.present_hl7 import PATH, hl7_page, hl7_peer_page
from app.web.pages.rendering import chrome, render

router = APIRouter(prefix=PATH)


@router.get("")
def show_hl7(container: ContainerDep, user: UserDep) -> Response:
    """The listener's settings, and every peer that the account sees."""
    with container.transactions() as transaction:
        look = looking(container, transaction, user)
        views = [look(peer) for peer in hl7_peers.peers_for(transaction, user)]
    return render("hl7.html", hl7_page(container.settings, views), chrome("HL7", user))


@router.get("/{peer_id}")
def show_peer(
    container: ContainerDep, user: UserDep, peer_id: UUID, query: Annotated[MessagesQuery, Query()]
) -> Response:
    """One peer with its messages."""
    state = state_of(query.state)
    with container.transactions() as transaction:
        peer = hl7_peers.peer_for(transaction, user, peer_id)
        view = looking(container, transaction, user)(peer)
        found, older = messages_of(transaction, user, peer_id, state, query.before)
        can_switch = hl7_peers.may_switch(transaction, peer, user)
    saved = done_text(query)
    page = hl7_peer_page(view, found, state, older=older, saved=saved, can_switch=can_switch)
    title = gettext("HL7: {name}").format(name=peer.name)
    return render("hl7_peer.html", page, chrome(title, user))


@router.post("/{peer_id}/switch")
def switch(
    container: ContainerDep, user: UserDep, peer_id: UUID, enabled: Annotated[str, Form()] = ""
) -> Response:
    """Send to it, or keep its messages."""
    with container.transactions() as transaction:
        peer = hl7_peers.peer_for(transaction, user, peer_id)
        hl7_peers.switch_peer(transaction, peer, enabled=bool(enabled), by=user)
    return see_other(f"{PATH}/{peer_id}?done=saved")


router.include_router(message_acts(PATH, "peer_id", hl7_peers.peer_for))
