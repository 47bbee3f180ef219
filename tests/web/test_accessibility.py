"""axe-core finds nothing on any page, light and dark, at a desk and on a phone (WCAG 2.2 AA).

The pages are taken from the application's own routes: a new page is looked at without being named.
"""

import re
import time
from collections.abc import Iterator
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from fastapi.routing import iter_route_contexts

from app.bootstrap import running
from app.domain.access import MATRIX, Role
from app.domain.hl7_peer import Hl7PeerConfig
from app.domain.review import Act
from app.domain.site import DEFAULT_SITE_ID
from app.inference.bundle import load_bundle
from app.services.accounts import NewAccount, create
from app.services.hl7_peers import Hl7PeerForm, add_peer
from app.services.reviewing import Reader, relabel
from app.services.signing import amend, sign
from app.web.access import Anyone, rule_for
from app.web.pages.router import router
from tests.accounts import ADMIN, READER
from tests.bundles import write_bundle
from tests.conftest import free_port, make_settings
from tests.images import cell_jpeg, zipped
from tests.server import Server
from tests.web.test_browser import CHROMIUM, browser  # noqa: F401 - a fixture

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Fragments and pictures are looked at within the pages that hold them.
LEFT_OUT = re.compile(
    r"\.(png|jpg|csv|json|jsonl|zip)$|/demonstration/|/(progress|changes|outcomes)$"
    # Without a provider there is nothing behind these.
    r"|/sign-(in|out)/provider"
)

pytestmark = [
    pytest.mark.xdist_group("browser"),
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed: pages are UNTESTED"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory, small_bundle) -> Iterator[tuple[Server, dict[str, str]]]:
    """A server with a case that is signed twice, and the values of its paths' parameters."""
    folder = tmp_path_factory.mktemp("accessible")
    second = write_bundle(folder / "bundles" / "second", manifest={"version": "0.0.2"})
    (second / "CARD.md").write_text("# What it was trained on\n")
    digest = load_bundle(second).bundle.manifest.digest
    server = Server(folder, VEXASCOPE_BUNDLE=str(small_bundle))
    server.start()
    with server.client() as client:
        new = {"accession_number": "A-1", "patient_identifier": "P-1", "patient_name": "Ann"}
        case_id = client.post("/api/v1/cases", json=new).json()["id"]
        archive = zipped({f"{seed}.jpg": cell_jpeg(seed) for seed in range(60)})
        files = [("files", ("cells.zip", archive)), ("files", ("letter.jpg", b"Dear colleague"))]
        path = f"/api/v1/cases/{case_id}/cells"
        sent = client.post(path, params={"wait": 120}, files=files).json()
        hook = {"name": "LIS", "url": "https://lis.example/hook", "events": ["signed", "amended"]}
        webhook_id = client.post("/api/v1/webhooks", json=hook, auth=ADMIN).json()["id"]
        new = {"name": "lis", "scopes": ["cases:write"]}
        system = client.post("/api/v1/clients", json=new, auth=ADMIN).json()["client"]
        run_id = _compared(client, digest)
    settings = make_settings(folder, bundle=small_bundle)
    _sign_twice(settings, UUID(case_id))
    user_id, token = _invite(settings)
    peer_id = _name_peer(settings)
    yield (
        server,
        {
            "case_id": case_id,
            "cell_id": sent["cells"][0]["id"],
            "number": "1",
            "label": "vacuole",
            "webhook_id": webhook_id,
            "peer_id": str(peer_id),
            "client_id": system["id"],
            "user_id": user_id,
            "token": token,
            "digest": digest,
            "run_id": run_id,
        },
    )
    server.stop()


def _invite(settings):
    """An account that waits for its person to choose a password, and the link's token."""
    with running(settings) as container, container.transactions() as transaction:
        new = NewAccount("new", "Dr New", Role.TECHNICIAN, frozenset({DEFAULT_SITE_ID}))
        user, token = create(transaction, new, container.now(), None)
    return str(user.id), token


def _name_peer(settings):
    """Where nothing listens: its messages wait."""
    with running(settings) as container, container.transactions() as transaction:
        form = Hl7PeerForm("LIS", Hl7PeerConfig("127.0.0.1", free_port()))
        return add_peer(transaction, form, container.now()).id


def _compared(client, digest):
    """Key of a comparison that is done, of a bundle that is then in shadow; with control slides."""
    first = client.get("/api/v1/bundle").json()["digest"]
    admin, path = {"auth": ADMIN}, "/administration"
    form = {"first": first, "second": digest, "cases": "A-1"}
    made = client.post(f"{path}/comparisons", data=form, **admin)
    run_id = made.headers["location"].rpartition("/")[2]
    deadline = time.monotonic() + 60
    while "HX-Refresh" not in client.get(f"{path}/comparisons/{run_id}/progress", **admin).headers:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    shadow = {"shadow-digest": digest, "shadow-reason": "To see how it reads"}
    client.post(f"{path}/bundles/shadow", data=shadow, **admin)
    client.post(f"{path}/controls", data={"name": "Slides", "cases": "A-1"}, **admin)
    return run_id


def _sign_twice(settings, case_id):
    with running(settings) as container:
        now, rule = container.now(), container.review_rule
        with container.transactions() as transaction:
            user = transaction.users.by_name("reader")
            case = transaction.cases.get(case_id)
            reader = Reader(user, case, container.bundle, rule)
            cells = [cell.id for cell in transaction.cells.of_case(case_id)]
            relabel(transaction, reader, cells, Act.CONFIRM, None, now)
        for round_ in (1, 2):
            with container.transactions() as transaction:
                last = transaction.reviews.last_sequence(case_id)
                sign(transaction, reader, last, now)
            if round_ == 1:
                with container.transactions() as transaction:
                    amend(transaction, reader, "One more look", now)


def paths(values):
    """Every page that is opened by its address."""
    found = []
    for route in iter_route_contexts(router.routes):
        if "GET" not in (route.methods or ()):
            continue
        path = re.sub(r"\{(\w+)(?::\w+)?\}", lambda m: values.get(m[1], "0"), route.path)
        if not LEFT_OUT.search(path):
            found.append(path)
    return sorted(set(found))


@pytest.mark.parametrize(
    ("width", "scheme", "language"),
    [
        (1440, "light", "en"),
        pytest.param(390, "dark", "en", marks=pytest.mark.slow),
        pytest.param(1440, "dark", "fr", marks=pytest.mark.slow),
        pytest.param(390, "light", "fr", marks=pytest.mark.slow),
    ],
)
def test_axe_finds_nothing_on_any_page(place, browser, width, scheme, language):  # noqa: F811
    server, values = place
    contexts = [
        browser.new_context(
            base_url=server.url,
            viewport={"width": width, "height": 900},
            color_scheme=scheme,
            locale=language,
            bypass_csp=True,  # For axe itself; the pages keep their policy in every other test.
        )
        for _ in range(2)
    ]
    reader, admin = (context.new_page() for context in contexts)
    found, seen = {}, []
    try:
        _sign_in(reader, READER)
        _sign_in(admin, ADMIN)
        for path in paths(values):
            page = reader if _opens(path, Role.HAEMATOLOGIST) else admin
            answer = page.goto(path)
            if "text/html" not in (answer.headers.get("content-type") or ""):
                continue
            if page.locator("html[lang]").count() == 0:
                continue
            assert answer.status == 200, path
            assert page.locator("html").get_attribute("lang") == language
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path
            result = Axe().run(page, options={"runOnly": RULES})
            seen.append(path)
            if result.response["violations"]:
                found[path] = [
                    (item["id"], [node["target"] for node in item["nodes"]][:3])
                    for item in result.response["violations"]
                ]
    finally:
        for context in contexts:
            context.close()
    assert found == {}
    assert len(seen) >= 6


def _opens(path, role):
    """Whether a role may see a page; of the administration's, the administrator sees all."""
    needs = rule_for("GET", path).rule.needs
    is_ours = not path.startswith("/administration")
    return is_ours and (isinstance(needs, Anyone) or needs in MATRIX[role])


def _sign_in(page, account):
    page.goto("/sign-in")
    page.locator("input[name=name]").fill(account[0])
    page.locator("input[name=password]").fill(account[1])
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile(r"/cases$"))
