"""`vexascope control` as an operator calls it."""

import pytest

from app.bootstrap import migrate, running
from app.cli import main
from app.services.intake import blob_name
from app.settings import load_settings
from tests.images import cell_png


@pytest.fixture
def command(monkeypatch, capsys, tmp_path, small_bundle):
    """Run it on a database of its own; gives exit status and what it printed."""
    monkeypatch.setenv("VEXASCOPE_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("VEXASCOPE_BUNDLE", str(small_bundle))

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["vexascope", "control", *arguments])
        with pytest.raises(SystemExit) as caught:
            main()
        said = capsys.readouterr()
        return caught.value.code, said.out + said.err

    with running(load_settings()) as container:
        migrate(container)
    return run


def test_a_folder_is_frozen_and_read_and_a_damaged_picture_is_told(command, tmp_path):
    slides = tmp_path / "slides" / "donor-1"
    slides.mkdir(parents=True)
    for seed in range(3):
        (slides / f"{seed}.png").write_bytes(cell_png(seed))
    (slides / "letter.txt").write_text("Dear colleague")
    status, said = command("create", "donors", "--folder", str(slides.parent))
    assert status == 0
    assert "donors: 3 cells" in said
    assert "letter.txt" in said
    assert "waiting" in command("list")[1]

    status, said = command("run")
    assert (status, "the baseline" in said) == (0, True)
    status, said = command("run", "donors")
    assert (status, "stands" in said) == (0, True)
    assert "steady" in command("list")[1]

    with running(load_settings()) as container, container.transactions() as transaction:
        [fixed] = transaction.controls.sets()
        cells = transaction.controls.cells(fixed.id)
    assert {item.group for item in cells} == {"donor-1"}
    picture = tmp_path / "data" / "images" / blob_name(cells[0].cell.pixel_sha256)
    picture.write_bytes(b"damaged")
    status, said = command("run")
    assert status == 1
    assert "failed 0 -> 1" in said
    assert "moved" in command("list")[1]


def test_what_is_not_there_is_said(command, tmp_path):
    assert command("run")[0] == 2
    assert "Give either" in command("create", "both")[1]
    status, said = command("create", "cases", "--case", "A-404")
    assert status == 2
    assert "A-404" not in said
