"""`vexascope push`, as a person or a script calls it."""

import os
import signal
import socket
import subprocess
import sys

import pytest

from app.cli import main
from app.cli.push import exit_status
from app.client import Delivered, Vexascope
from tests.images import cell_jpeg, zipped

pytestmark = pytest.mark.xdist_group("client")


@pytest.fixture
def push(monkeypatch, capsys, server, key):
    """Run the command; gives exit status, standard output and words."""
    monkeypatch.setenv("VEXASCOPE_KEY", key)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*arguments):
        command = ["vexascope", "push", *map(str, arguments), "--url", server.url]
        monkeypatch.setattr("sys.argv", command)
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code or 0, said.out, said.err

    return run


class LateFinder(Vexascope):
    """Does not find a case the first time, as if it was opened just after."""

    searched = False

    def find_case(self, accession_number):
        found = super().find_case(accession_number) if self.searched else None
        self.searched = True
        return found


@pytest.fixture
def folder(tmp_path):
    """Sixty cells, most of them in a ZIP."""
    (tmp_path / "a.jpg").write_bytes(cell_jpeg(1))
    archive = {f"{seed}.jpg": cell_jpeg(seed) for seed in range(2, 61)}
    (tmp_path / "cells.zip").write_bytes(zipped(archive))
    return tmp_path


def test_opens_sends_waits_and_prints_what_was_counted(push, lab, folder, number):
    arguments = (folder, "--case", number, "--open", "--patient", "P-1", "--wait")
    code, out, words = push(*arguments)
    assert code == 0
    assert "New cells: 60. There already: 0. Refused: 0." in words
    case = lab.find_case(number)
    report = lab.report(case.id)
    assert "esearch use only" in out
    for line in report.abnormalities:
        [row] = [row for row in out.splitlines() if line.label in row]
        assert f"{line.count}" in row
        assert f"{line.proportion * 100:.1f} %" in row
    assert report.recommendation in " ".join(out.split())
    code, _, words = push(*arguments)
    assert code == 0
    assert "New cells: 0. There already: 60. Refused: 0." in words
    assert lab.case(case.id).progress.cell_count == 60


def test_a_refused_file_is_named_with_its_reason_and_the_rest_goes_on(push, lab, folder, number):
    (folder / "notes [1].png").write_bytes(b"no picture")
    case = lab.open_case(number, "P-1")
    code, _, words = push(folder, "--case", case.id)
    assert code == 1
    assert "New cells: 60. There already: 0. Refused: 1." in words
    assert f"{folder / 'notes [1].png'}: " in words
    assert "(not_an_image)" in words


def test_says_what_is_wrong(push, lab, folder, number, monkeypatch):
    code, _, words = push(folder, "--case", number)
    assert code == 2
    assert "--open and --patient" in words
    assert lab.find_case(number) is None
    assert push(folder, "--case", number, "--open")[0] == 2
    assert push(folder / "absent", "--case", lab.open_case(number, "P-1").id)[0] == 2
    (folder / "empty").mkdir()
    code, _, words = push(folder / "empty", "--case", number, "--open", "--patient", "P-1")
    assert code == 2
    assert "no image" in words
    code, _, words = push(folder, "--case", number, "--key", "vxk_no")
    assert code == 2
    assert "Sign in first" in words
    monkeypatch.delenv("VEXASCOPE_KEY")
    code, _, words = push(folder, "--case", number)
    assert code == 2
    assert "--key" in words


def test_a_cell_that_failed_shows_in_the_exit_status():
    assert exit_status(Delivered(accepted_count=1), 0) == 0
    assert exit_status(Delivered(accepted_count=1), 1) == 1


def test_the_key_stands_in_no_list_of_processes_and_an_interruption_ends_it(folder, number):
    """On a server that never answers."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        url = f"http://127.0.0.1:{mute.getsockname()[1]}"
        code = "from app.cli import main; main()"
        arguments = ["push", str(folder), "--case", number, "--url", url]
        process = subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            env={**os.environ, "VEXASCOPE_KEY": "vxk_secret"},
            stderr=subprocess.PIPE,
            text=True,
        )
        connection, _ = mute.accept()
        # It has asked, and waits for the answer.
        assert connection.recv(4) == b"POST"
        command_line = open(f"/proc/{process.pid}/cmdline").read()  # noqa: SIM115, PTH123
        assert "vxk_secret" not in command_line
        process.send_signal(signal.SIGINT)
        _, words = process.communicate(timeout=30)
        connection.close()
    assert process.returncode == 130
    assert "run the command again" in words


def test_half_a_delivery_leaves_nothing(server, key, lab, number):
    """As when the command, or the line, dies while it sends."""
    case = lab.open_case(number, "P-1")
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="a.jpg"\r\n\r\n'
    body += cell_jpeg(1)[:500]
    head = (
        f"POST /api/v1/cases/{case.id}/cells HTTP/1.1\r\nHost: lab\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: 5000\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
    )
    with socket.create_connection(("127.0.0.1", server.port)) as line:
        line.sendall(head.encode() + body)
    assert lab.wait(case.id, 5).progress.cell_count == 0


def test_nothing_goes_into_the_case_of_another_patient(push, lab, tmp_path, number, monkeypatch):
    (tmp_path / "a.jpg").write_bytes(cell_jpeg(1))
    case = lab.open_case(number, "P-1")
    mistaken = (tmp_path, "--open", "--patient", "P-2", "--case")
    for named in (number, case.id):
        code, _, words = push(*mistaken, named)
        assert code == 2
        assert "another patient's" in words
    # Opened by somebody else between the search and the opening.
    monkeypatch.setattr(sys.modules["app.cli.push"], "Vexascope", LateFinder)
    code, _, words = push(*mistaken, number)
    assert code == 2
    assert "another patient's" in words
    assert lab.case(case.id).progress.cell_count == 0


def test_a_folder_without_images_opens_no_case(push, lab, tmp_path, number):
    (tmp_path / "letter.txt").write_bytes(b"Dear colleague")
    for place in (tmp_path, tmp_path / "absent"):
        code, _, words = push(place, "--case", number, "--open", "--patient", "P-1")
        assert (code, "There is no" in words) == (2, True)
    assert lab.find_case(number) is None
