"""Examples of the pages of HL7: a peer that takes results, one that does not answer, one off."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.outbox import DeliveryState, SinkKind
from app.settings import Settings
from app.web.pages.present_hl7 import hl7_page, hl7_peer_page
from tests.factories import NOW
from tests.web.pages.example_webhooks import example_messages, example_view

# Names and codes that these pages say in every language.
DATA = (
    "lis.example",
    "vexascope hl7 peer add NAME --host HOST --port PORT",
    "UNICODE UTF-8",
    "MSH-11",
    "MSH-5",
    "MSH-6",
    "TLS",
    "Done.",
)


def hl7_examples(hostile: str) -> dict[str, list[object]]:
    config = Hl7PeerConfig("lis.example", 2576, application=hostile, facility=hostile)
    stored = {"kind": SinkKind.HL7, "config": config.to_json(), "name": hostile}
    bare = replace(config, tls=True, pdf=False, language="fr", application="")
    well = example_view(**stored)
    troubled = example_view(
        **stored, failures=3, paused_until=NOW + timedelta(minutes=1), last_error=hostile
    )
    off = example_view(**{**stored, "config": bare.to_json()}, enabled=False, site_id=None)
    on = Settings(
        _env_file=None,
        hl7_port=2575,
        hl7_site=hostile,
        hl7_tls_certificate=Path("a"),
        hl7_tls_key=Path("b"),
    )
    strict = on.model_copy(update={"hl7_tls_client_ca": Path("c")})
    plain = Settings(_env_file=None, hl7_port=2575)
    none = Settings(_env_file=None)
    older = well.destination.id
    page = hl7_peer_page(troubled, example_messages(), None, older=older, saved="Done.")
    return {
        "hl7.html": [
            hl7_page(on, [well, troubled, off]),
            hl7_page(strict, []),
            hl7_page(plain, []),
            hl7_page(none, []),
        ],
        "hl7_peer.html": [
            page,
            hl7_peer_page(off, [], DeliveryState.DEAD, older=None, saved=None),
            hl7_peer_page(well, [], None, older=None, saved=None, can_switch=False),
        ],
    }
