import pytest
from starlette.requests import Request

from app.web.pages.failure import failure_page
from app.web.pages.navigation import local_path


def request(path="/cases/1", query="", **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request(
        {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": query.encode(),
            "headers": [(b"host", b"lab.example"), *pairs],
            "scheme": "https",
            "server": ("lab.example", 443),
        }
    )


def test_a_person_reads_what_went_wrong():
    response = failure_page(request(), 409, "Conflict", "Taken <b>already</b>.", {"X-A": "1"})
    assert response.status_code == 409
    assert response.headers["x-a"] == "1"
    assert "Taken &lt;b&gt;already&lt;/b&gt;." in response.body.decode()


def test_who_is_not_signed_in_comes_back_after_signing_in():
    response = failure_page(request(query="before=2&x=/"), 401, "", "", {})
    assert response.status_code == 303
    assert response.headers["location"] == "/sign-in?next=/cases/1%3Fbefore%3D2%26x%3D/"


def test_no_browser_window_asks_for_a_password():
    response = failure_page(request(), 401, "", "", {"WWW-Authenticate": "Basic"})
    assert "www-authenticate" not in response.headers


def test_a_fragment_leaves_the_page_and_what_was_typed_on_it():
    response = failure_page(
        request(
            "/cases/1/progress", hx_request="true", hx_current_url="https://lab.example/cases/1"
        ),
        401,
        "",
        "",
        {},
    )
    assert response.status_code == 401
    assert response.headers["hx-trigger"] == "session-over"


def test_another_sites_address_is_dropped():
    response = failure_page(request("//evil.example/x"), 401, "", "", {})
    assert response.headers["location"] == "/sign-in"


@pytest.mark.parametrize("value", ["/cases", "/cases/1?before=2", "/cases/1#group-vacuole"])
def test_local_paths_pass(value):
    assert local_path(value) == value


@pytest.mark.parametrize(
    "value",
    [
        None,
        "",
        "cases",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "/\n/evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
    ],
)
def test_other_addresses_do_not(value):
    assert local_path(value) is None
