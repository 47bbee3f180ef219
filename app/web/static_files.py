"""Static files, also under a version in their path: `/static/v-1a2b3c/gallery/main.js`.

Modules name each other by relative paths, so the version of the first one holds for all: browsers
keep them for good, and never mix two versions.
"""

import re

from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

_VERSION = re.compile(r"^v-[0-9a-f]+[/\\]")


class VersionedFiles(StaticFiles):
    """Static files; a version before the path is left out."""

    def get_path(self, scope: Scope) -> str:
        """The file's path below the folder."""
        return _VERSION.sub("", super().get_path(scope))
