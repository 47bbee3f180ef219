"""Reference pictures."""

from fastapi import APIRouter, Depends, Response

from app.services.reference_pictures import reference_picture
from app.web.dependencies import ContainerDep, current_user

router = APIRouter(dependencies=[Depends(current_user)])

# A laboratory may change its pictures; a day is soon enough.
_FOR_A_DAY = {"Cache-Control": "private, max-age=86400"}


@router.get("/reference/{subject}.png")
def show_reference(container: ContainerDep, subject: str, number: int = 0) -> Response:
    """One picture of an abnormality, or of a normal cell."""
    picture = reference_picture(container.settings.reference_pictures, subject, number)
    return Response(picture.content, media_type=picture.media_type, headers=_FOR_A_DAY)
