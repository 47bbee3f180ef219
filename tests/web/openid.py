"""A real OpenID Connect provider for tests: `tests/node/provider.mjs`, and a person before it."""

import html
import json
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest

from app.settings import PROJECT
from tests.conftest import free_port

NODE = PROJECT / "tests" / "node"
AUDIENCE = "https://vexascope.example/api"
SECRET = "the secret of this server at the provider"
MACHINE = ("analyser", "the secret of an analyser, long enough")
START_S = 30


@dataclass
class Provider:
    """A provider that runs."""

    issuer: str
    accounts: dict[str, dict[str, object]] = field(default_factory=dict)

    def access_token(self, scope: str = "cases:read") -> str:
        """As an analyser gets it: OAuth 2, client credentials."""
        form = {"grant_type": "client_credentials", "scope": scope}
        # RFC 6749, 2.3.1: form-encoded before HTTP Basic.
        auth = (MACHINE[0], MACHINE[1].replace(" ", "+").replace(",", "%2C"))
        answer = httpx.post(f"{self.issuer}/token", data=form, auth=auth)
        return str(answer.raise_for_status().json()["access_token"])


def running_provider(folder: Path, redirect_uri: str, accounts: dict[str, dict[str, object]]):
    """Start one and stop it in the end; skips where Node is not here."""
    node = shutil.which("node")
    if node is None or not (NODE / "node_modules" / "oidc-provider").is_dir():
        pytest.skip("Node or oidc-provider is not installed: the provider's sign-in is UNTESTED")
    port = free_port()
    configuration = folder / "provider.json"
    configuration.write_text(json.dumps(_configuration(port, redirect_uri, accounts)))
    process = subprocess.Popen(
        [node, "provider.mjs", str(configuration)],
        cwd=NODE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line.strip() == "ready", "the provider did not start"
        yield Provider(f"http://127.0.0.1:{port}", accounts)
    finally:
        process.kill()
        process.wait()


def _configuration(port, redirect_uri, accounts):
    return {
        "port": port,
        "audience": AUDIENCE,
        "accounts": accounts,
        "client": {
            "client_id": "vexascope",
            "client_secret": SECRET,
            "redirect_uris": [redirect_uri],
            "post_logout_redirect_uris": [urljoin(redirect_uri, "/sign-in")],
        },
        "machine": {
            "client_id": MACHINE[0],
            "client_secret": MACHINE[1],
            "grant_types": ["client_credentials"],
            "redirect_uris": [],
            "response_types": [],
        },
    }


class Person:
    """Somebody with a browser at the provider's pages; cookies are kept between visits."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.asked = 0
        self._browser = httpx.Client(follow_redirects=False)

    def visit(self, address: str, redirect_uri: str) -> str:
        """Follow the provider's pages, giving name and consent, until it leads back."""
        answer = self._browser.get(address)
        for _ in range(20):
            if answer.is_redirect:
                target = urljoin(str(answer.url), answer.headers["location"])
                if target.startswith(redirect_uri):
                    return target
                answer = self._browser.get(target)
                continue
            answer = self._fill_in(answer)
        raise AssertionError("the provider did not lead back")

    def _fill_in(self, answer: httpx.Response) -> httpx.Response:
        form = re.search(r'<form[^>]*action="([^"]+)"', answer.text)
        assert form, answer.text
        fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', answer.text))
        if 'name="login"' in answer.text:
            self.asked += 1
            fields |= {"login": self.name, "password": "any"}
        return self._browser.post(urljoin(str(answer.url), html.unescape(form[1])), data=fields)
