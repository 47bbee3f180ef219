"""Write the table of settings into docs/settings.md: `python -m tests.settings_table`."""

from pathlib import Path

from pydantic import SecretStr

from app.settings import PROJECT, Settings

HEADING = """# Settings

Every setting is an environment variable. This table is made from `app/settings.py` by
`python -m tests.settings_table`; a test holds both together.

"""


def settings_table() -> str:
    """A Markdown table of every variable, its default and what it does."""
    rows = ["| variable | default | what it does |", "|---|---|---|"]
    for name, field in Settings.model_fields.items():
        default = field.default
        shown = "" if default is None or isinstance(default, SecretStr) else f"`{default}`"
        rows.append(f"| `VEXASCOPE_{name.upper()}` | {shown} | {field.description} |")
    return "\n".join(rows)


def main() -> None:
    """Write the file."""
    target: Path = PROJECT / "docs" / "settings.md"
    target.write_text(HEADING + settings_table() + "\n")


if __name__ == "__main__":
    main()
