"""`vexascope case`: a whole case as one file, out of one instance and into another."""

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from app import logs
from app.bootstrap import running
from app.domain.access import Role
from app.domain.errors import InvalidInput
from app.domain.user import NO_PASSWORD, User
from app.services.archive_reading import read_archive, store_images
from app.services.case_archive import records_of, write_archive
from app.services.case_import import ImportChoices, import_case
from app.services.reviewing import Reader
from app.services.signing import current_report
from app.settings import LogFormat, load_settings

case_commands = typer.Typer(help="Cases as files.", no_args_is_help=True)
# Nobody's key: who runs commands on the server reads no case.
_OPERATOR = User(UUID(int=0), "operator", Role.ADMINISTRATOR, NO_PASSWORD)


@case_commands.command("export")
def export_case(
    case_id: Annotated[UUID, typer.Argument(help="Key of the case, as in its address.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The ZIP file to write.")],
) -> None:
    """Write a case with its pictures, findings, reviews and signed reports to a file."""
    from app.web.api.findings_schema import findings_csv  # noqa: PLC0415 - slow to import

    settings = load_settings()
    logs.configure(LogFormat.TEXT, "WARNING")
    if output.exists():
        raise InvalidInput(f"{output} exists already. Give another file.")
    with running(settings) as container:
        with container.transactions() as transaction:
            case = transaction.cases.get(case_id)
            reader = Reader(_OPERATOR, case, container.bundle, container.review_rule)
            records = records_of(transaction, reader)
            table = findings_csv(current_report(transaction, reader, container.now())[0])
        part = output.with_name(output.name + ".part")
        with part.open("xb") as file:
            part.chmod(0o600)
            write_archive(records, table, container.blobs, file, container.now())
        # Before it lies there under its name: no file without its entry.
        with container.transactions() as transaction:
            transaction.audit.note("case.export", case_id=case_id)
        part.rename(output)
    print(f"Written: {output}. It holds data of the patient.")


@case_commands.command("import")
def import_file(
    path: Annotated[Path, typer.Argument(help="What `vexascope case export` wrote.")],
    accession: Annotated[
        str | None, typer.Option(help="Accession number, where the archive's is taken here.")
    ] = None,
    patient: Annotated[
        str | None,
        typer.Option(help="Patient identifier, where the archive's is another patient's here."),
    ] = None,
    *,
    same_patient: Annotated[
        bool,
        typer.Option(
            "--same-patient", help="The patient who has this identifier here is the same."
        ),
    ] = False,
) -> None:
    """Check a file, then store its case."""
    if not path.is_file():
        raise InvalidInput(f"There is no file {path}.")
    settings = load_settings()
    logs.configure(LogFormat.TEXT, "WARNING")
    choices = ImportChoices(accession, patient, same_patient)
    with running(settings) as container, path.open("rb") as file:
        container.check_database()
        container.remember_bundle()
        records = read_archive(file)
        store_images(file, records, container.blobs, container.limits.image)
        active, rule = container.bundle, container.review_rule
        with container.transactions() as transaction:
            case = import_case(transaction, records, choices, active, rule, container.now())
    print(f"Imported: {len(records.cells)} cells, {len(records.versions)} signed versions.")
    print(f"Case: {case.id}")
    if records.people:
        print("Its readers are kept by name, as accounts that cannot sign in.")
