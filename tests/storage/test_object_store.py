"""One contract for every store: memory, local disk, and a real S3 server."""

import hashlib

import pytest

from app.domain.errors import NotFound, SettingsRefused, StorageUnavailable
from app.storage.object_store import open_store

# One S3 server serves all of these.
pytestmark = pytest.mark.xdist_group("s3")


@pytest.fixture(params=["memory", "local", "s3"])
def store(request, tmp_path):
    if request.param == "memory":
        return open_store("memory:///")
    if request.param == "local":
        return open_store((tmp_path / "images").as_uri())
    return open_store(f"{request.getfixturevalue('s3_url')}/{tmp_path.name}")


def test_bytes_come_back_as_they_went_in(store):
    content = bytes(range(256)) * 1000
    store.put("cells/ab/abc.png", content)
    assert store.get("cells/ab/abc.png") == content


def test_a_name_keeps_its_first_bytes(store):
    store.put("cells/ab/abc.png", b"first")
    store.put("cells/ab/abc.png", b"other")
    assert store.get("cells/ab/abc.png") == b"first"


@pytest.mark.parametrize("left", [b"", b"fir"])
def test_what_a_power_cut_left_is_repaired(store, left):
    store.put("cells/ab/abc.png", left)
    store.put("cells/ab/abc.png", b"first")
    assert store.get("cells/ab/abc.png") == b"first"


def test_what_is_not_there_is_not_found(store):
    with pytest.raises(NotFound):
        store.get("cells/no/no.png")
    assert not store.exists("cells/no/no.png")
    store.put("cells/no/no.png", b"")
    assert store.exists("cells/no/no.png")


def test_many_names_do_not_mix(store):
    names = [f"cells/{i % 7:02}/{i}.png" for i in range(50)]
    for name in names:
        store.put(name, hashlib.sha256(name.encode()).digest())
    for name in names:
        assert store.get(name) == hashlib.sha256(name.encode()).digest()


def test_a_store_that_answers_is_healthy(store):
    store.check()


def test_a_store_that_does_not_answer_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("AWS_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ALLOW_HTTP", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "any")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "any")
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    store = open_store("s3://nowhere/x")
    with pytest.raises(StorageUnavailable, match="object store"):
        store.get("cells/ab/abc.png")
    with pytest.raises(StorageUnavailable, match="object store"):
        store.exists("cells/ab/abc.png")


def test_a_full_or_read_only_disk_is_reported(tmp_path):
    store = open_store((tmp_path / "images").as_uri())
    (tmp_path / "images" / "cells").write_text("a file where a folder must be")
    with pytest.raises(StorageUnavailable):
        store.put("cells/ab/abc.png", b"x")


@pytest.mark.parametrize("url", ["ftp://x/y", "images", "https://bucket/x"])
def test_an_unknown_scheme_is_refused(url):
    with pytest.raises(SettingsRefused, match="VEXASCOPE_STORAGE_URL"):
        open_store(url)


def test_what_lies_below_a_folder_is_listed_and_removed(store):
    for name in ("thumbs/ab/abc-1.jpg", "thumbs/ab/abd-1.jpg", "thumbs/cd/cde-1.jpg"):
        store.put(name, b"x")
    assert sorted(store.names("thumbs/ab")) == ["thumbs/ab/abc-1.jpg", "thumbs/ab/abd-1.jpg"]
    assert list(store.names("thumbs/no")) == []
    store.remove("thumbs/ab/abc-1.jpg")
    store.remove("thumbs/ab/abc-1.jpg")
    assert list(store.names("thumbs/ab")) == ["thumbs/ab/abd-1.jpg"]
    with pytest.raises(NotFound):
        store.get("thumbs/ab/abc-1.jpg")
