"""Prediction: one file's fault stays with that file."""

import io

from app.domain.errors import RefusedFile
from app.services import prediction
from app.services.intake import IncomingFile
from app.services.prediction import predict_files
from tests.images import cell_png


def test_a_file_that_cannot_be_prepared_is_refused_alone(monkeypatch, container):
    real, calls = prediction.prepare, []

    def prepare(*arguments):
        calls.append(arguments)
        if len(calls) == 1:
            raise MemoryError("Unable to allocate 112 GiB")
        return real(*arguments)

    monkeypatch.setattr(prediction, "prepare", prepare)
    files = [IncomingFile(f"{seed}.png", io.BytesIO(cell_png(seed))) for seed in range(3)]
    found = list(predict_files(files, container.limits, container.classifier, container.threads))
    refused = [item for item in found if isinstance(item, RefusedFile)]
    assert len(found) == 3
    assert [item.reason for item in refused] == ["unreadable"]
