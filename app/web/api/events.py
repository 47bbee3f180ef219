"""REST: how far a case is, as server-sent events."""

import json
import time
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from app.bootstrap import Container
from app.domain.worklist import WorklistEntry
from app.web.api.problems import problems
from app.web.dependencies import ContainerDep, ProgressDep
from app.web.progress import Progress, is_settled

router = APIRouter(prefix="/cases", tags=["cases"])

HEARTBEAT_S = 15.0
RETRY_MS = 2000
# A listener comes back under the key that it has then: a key that is withdrawn ends.
LONGEST_S = 900.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_EVENT = {
    "type": "object",
    "properties": {
        "id": {"type": "string", "description": "Send it as `Last-Event-ID` to go on from here."},
        "event": {"enum": ["progress", "done"]},
        "data": {"type": "string", "contentMediaType": "application/json"},
        "retry": {"type": "integer", "description": "Milliseconds until you ask again."},
    },
}
_STREAM = {
    "content": {"text/event-stream": {"schema": _EVENT}},
    "description": "`progress` events, and `done` as the last one.",
}


@router.get(
    "/{case_id}/events",
    response_class=StreamingResponse,
    responses={
        200: _STREAM,
        204: {"description": "You have seen the last event: there is nothing to wait for."},
        **problems(404, 422),
    },
    summary="The progress of a case, as it happens",
)
async def follow_case(
    case_id: UUID,
    container: ContainerDep,
    progress: ProgressDep,
    last_event_id: Annotated[
        str | None, Header(max_length=200, description="`id` of the last event that was seen.")
    ] = None,
) -> Response:
    """Server-sent events: one with how far the case is, and another after each change.

    `data` is JSON: `case_id`, `state`, `cell_count`, `pending_count` and `failed_count`. Once no
    cell waits the event is `done`, and the stream ends; ask again with its `id` and the answer is
    204. A comment every 15 seconds shows that the server lives. After 15 minutes the stream ends,
    and is to be asked for again.
    """
    line = await run_in_threadpool(_line, container, case_id)
    if _is_done(line) and last_event_id == _event_id(line):
        return Response(status_code=204)
    events = _events(progress, case_id, last_event_id)
    return StreamingResponse(events, media_type="text/event-stream", headers=_HEADERS)


async def _events(progress: Progress, case_id: UUID, seen: str | None) -> AsyncIterator[str]:
    end = time.monotonic() + LONGEST_S
    yield f"retry: {RETRY_MS}\n\n"
    with progress.listening(case_id) as listener:
        while time.monotonic() < end:
            is_new = await listener.next(HEARTBEAT_S)
            if progress.is_closed or listener.is_lost:
                return
            if not is_new:
                yield ": waiting\n\n"
            elif listener.line is not None:
                if _event_id(listener.line) != seen:
                    yield _event(listener.line)
                if _is_done(listener.line):
                    return


def _event(line: WorklistEntry) -> str:
    data = {
        "case_id": str(line.case_id),
        "state": line.state.value,
        "cell_count": line.cell_count,
        "pending_count": line.pending_count,
        "failed_count": line.failed_count,
    }
    name = "done" if _is_done(line) else "progress"
    return f"id: {_event_id(line)}\nevent: {name}\ndata: {json.dumps(data)}\n\n"


def _event_id(line: WorklistEntry) -> str:
    """The same for the same state, so that any server knows what was seen."""
    return f"{line.state.value}-{line.cell_count}-{line.pending_count}-{line.failed_count}"


def _is_done(line: WorklistEntry) -> bool:
    """A case without a cell waits for its first one."""
    return line.cell_count > 0 and is_settled(line)


def _line(container: Container, case_id: UUID) -> WorklistEntry:
    with container.transactions() as transaction:
        return transaction.worklist.get(case_id)
