"""The only reader of the environment. Every setting is VEXASCOPE_ and its name in capitals."""

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from app.domain.errors import SettingsRefused
from app.domain.review import SecondReading
from app.domain.targets import parse_targets

PROJECT = Path(__file__).resolve().parent.parent
SHIPPED_BUNDLE = "pmn-lite0-0.2.1"


class Provider(StrEnum):
    """Where the classifier runs."""

    AUTO = "auto"
    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """Which of a bundle's networks runs."""

    FP32 = "fp32"
    INT8 = "int8"


class ProcessingId(StrEnum):
    """HL7 table 0103."""

    PRODUCTION = "P"
    TRAINING = "T"
    DEBUGGING = "D"


class LogFormat(StrEnum):
    """How log lines are written."""

    JSON = "json"
    TEXT = "text"


class Settings(BaseSettings):
    """What can be set; the table in docs/settings.md is generated from these descriptions."""

    model_config = SettingsConfigDict(env_prefix="VEXASCOPE_", extra="ignore", frozen=True)

    host: str = Field("127.0.0.1", description="Address that the server listens on.")
    port: int = Field(8000, ge=0, le=65535, description="Port that the server listens on.")
    data_dir: Path = Field(
        Path("vexascope-data"),
        description="Folder of the embedded default: database, images, session secret.",
    )
    database_url: str | None = Field(
        None,
        description="`sqlite:///FILE` or `postgresql://...`; default: SQLite in the data folder.",
    )
    storage_url: str | None = Field(
        None,
        description="`file:///FOLDER`, or `s3://BUCKET/PREFIX` with the usual AWS_ variables; "
        "default: `images` in the data folder.",
    )
    import_url: str | None = Field(
        None,
        description="Import area: `file:///FOLDER` or `s3://BUCKET/PREFIX`, from which who may "
        "send images can have objects taken in by name; with `{site}` in it, each site has its "
        "own, under its key; default: none.",
    )
    bundle: Path | None = Field(
        None,
        description="Folder of the classifier bundle that runs until an administrator activates "
        "another one; default: the one that is shipped.",
    )
    bundles_dir: Path | None = Field(
        None,
        description="Folder of bundles that can be activated, each in a folder of its own; "
        "default: `models` of the product and `bundles` in the data folder.",
    )
    fhir_accession_system: str | None = Field(
        None,
        min_length=1,
        description="System (a URI) of the laboratory's accession numbers in FHIR; default: "
        "`urn:vexascope:accession-number`.",
    )
    fhir_patient_system: str | None = Field(
        None,
        min_length=1,
        description="System (a URI) of the laboratory's patient identifiers in FHIR; default: "
        "`urn:vexascope:patient-identifier`.",
    )
    provider: Provider = Field(
        Provider.AUTO, description="`cpu`, `cuda`, or `auto`: CUDA where it works, else the CPU."
    )
    precision: Precision = Field(
        Precision.FP32,
        description="`fp32`, or `int8` where the bundle has it: faster on a CPU, its probabilities "
        "differ a little.",
    )
    threads: int = Field(
        0, ge=0, description="Threads of the classifier on the CPU; 0: one for each core."
    )
    admin_password: SecretStr | None = Field(
        None,
        description="Password of the account `admin`, set at every start; default: made on first "
        "start and printed once. At least 15 characters, or one that you choose for a "
        "demonstration.",
    )
    session_secret: SecretStr | None = Field(
        None,
        description="Key that signs sign-in cookies, the same for all servers of one address; "
        "default: made on first start and kept in the data folder.",
    )
    session_hours: int = Field(12, ge=1, le=24, description="Hours until a sign-in ends.")
    session_idle_minutes: int = Field(
        30, ge=1, le=720, description="Minutes without an act of the person until a sign-in ends."
    )
    secure_cookies: bool = Field(
        default=False, description="Set to true where the server is reached over HTTPS."
    )
    local_sign_in: bool = Field(
        default=True,
        description="Set to false where everybody signs in at the OpenID Connect provider.",
    )
    break_glass_account: str | None = Field(
        None,
        description="Name of the one account that signs in with its password all the same, for "
        "the day when the provider does not answer.",
    )
    oidc_issuer: str | None = Field(
        None,
        description="Address of the OpenID Connect provider, as it names itself; without it there "
        "is none.",
    )
    oidc_client_id: str = Field("vexascope", description="Name of this server at the provider.")
    oidc_client_secret: SecretStr | None = Field(
        None, description="Secret of this server at the provider; without it a public client."
    )
    oidc_scopes: str = Field(
        "openid profile", description="What is asked of the provider, separated by spaces."
    )
    oidc_name_claim: str = Field(
        "preferred_username", description="Claim with the name that an account gets here."
    )
    oidc_roles_claim: str = Field(
        "roles",
        description="Claim with what a person is; a point leads into it: `realm_access.roles`.",
    )
    oidc_roles: str = Field(
        "",
        description="Which value of that claim is which role, the first that fits counts: "
        "`lab-haematology=haematologist,lab-it=administrator`.",
    )
    oidc_sites_claim: str | None = Field(
        None,
        description="Claim with the names of a person's sites; without it administrators choose "
        "them here.",
    )
    oidc_audience: str | None = Field(
        None,
        description="Audience of the access tokens that the provider gives to systems; without it "
        "none is taken.",
    )
    trusted_proxies: str = Field(
        "127.0.0.1",
        description="Addresses of proxies, separated by commas, whose word is taken for who asks "
        "and whether over HTTPS (`X-Forwarded-For`, `X-Forwarded-Proto`).",
    )
    person_requests_per_minute: int = Field(
        3000, ge=0, description="Most requests of a person in a minute; 0: as many as they like."
    )
    client_requests_per_minute: int = Field(
        6000, ge=0, description="Most requests of an API client in a minute; 0: no limit."
    )
    address_requests_per_minute: int = Field(
        12000,
        ge=0,
        description="Most requests from one network address in a minute, whoever asks; 0: no "
        "limit. Many people may sit behind one address.",
    )
    max_file_mib: int = Field(
        20, ge=1, le=200, description="Largest image file that is accepted, in MiB."
    )
    max_request_mib: int = Field(
        256,
        ge=1,
        le=4096,
        description="Largest delivery of cells, in MiB; other requests have 1 MiB.",
    )
    max_files: int = Field(
        10_000, ge=1, description="Most files in one request, members of archives included."
    )
    max_megapixels: int = Field(
        50, ge=1, le=170, description="Largest image, in millions of pixels."
    )
    low_confidence_log_odds: float = Field(
        1.0,
        ge=0,
        le=10,
        description="A cell is of low confidence while the log-odds of a probability lie closer "
        "than this to those of its threshold; such cells are reviewed before signing.",
    )
    second_reading: SecondReading = Field(
        SecondReading.NEVER,
        description="Which cases a second reader must read before they are signed: `never`, "
        "`recommended` (those with which UBA1 testing is recommended) or `always`.",
    )
    um_per_pixel: float | None = Field(
        None,
        gt=0,
        le=10,
        description="Micrometres to a pixel of the pictures that are sent, where all come from one "
        "camera: scale bars then tell micrometres; without it they tell pixels.",
    )
    reference_pictures: Path | None = Field(
        None,
        description="Folder of your own reference pictures, `<label>/*.png` or `.jpg`, with the "
        "labels `pseudo_pelger`, `nuclear_spike`, `vacuole`, `hypogranularity` and `normal`; "
        "default: drawings.",
    )
    public_url: str | None = Field(
        None,
        pattern=r"^https?://[^/\s]+(/[^\s]*)?$",
        description="Address under which the server is reached, for the links in messages to other "
        "systems: `https://vexascope.example`; without it links are paths.",
    )
    webhook_allowed: str | None = Field(
        None,
        description="Hosts, addresses and networks, separated by commas, that webhooks may be sent "
        "to although they are private, and without TLS: `lis.example, 10.2.0.0/16`; default: none.",
    )
    webhook_authorities: Path | None = Field(
        None,
        description="File (PEM) with further certificate authorities that receivers of webhooks "
        "may be certified by.",
    )
    sealing_key: SecretStr | None = Field(
        None,
        description="Key that seals secrets of webhooks and second factors in the database, the "
        "same for all servers and workers; default: made on first use and kept in the data folder.",
    )
    keep_signed_days: int | None = Field(
        None,
        ge=1,
        description="Days after its last signature that a case is kept; then it is erased, images "
        "and identifiers, and its counts stay. Default: for ever. Try `vexascope retention run "
        "--dry` first.",
    )
    keep_unsigned_days: int | None = Field(
        None,
        ge=1,
        description="The same for cases that were never signed, from the day they were opened.",
    )
    keep_deliveries_days: int = Field(
        90,
        ge=1,
        description="Days that a message to another system is listed after it was delivered or "
        "skipped, and can be sent again; then its line is removed. What waits or was given up "
        "stays, and the audit keeps what was sent.",
    )
    worker_in_server: bool = Field(
        default=True, description="Classify in the server's process; else run `vexascope worker`."
    )
    executor_id: str | None = Field(
        None,
        description="Name of this process in the job queue: stable over restarts, different for "
        "each process; default: made from the host's name.",
    )
    hl7_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port that takes HL7 v2 orders (MLLP); default: none is taken. "
        "`docs/hl7.md` says what is understood.",
    )
    hl7_host: str = Field("127.0.0.1", description="Address that the HL7 listener listens on.")
    hl7_peers: str = Field(
        "127.0.0.1,::1",
        description="Addresses or networks that may send orders, with commas between them.",
    )
    hl7_site: str | None = Field(
        None, description="Name of the site that orders open cases in; default: the first one."
    )
    hl7_sites: str = Field(
        "",
        description="Sites by what orders call them in MSH-6: "
        "`HAEM-A=Laboratory A;HAEM-B=Laboratory B`. Default: MSH-6 is not looked at.",
    )
    hl7_tls_certificate: Path | None = Field(
        None, description="Certificate (PEM) of the HL7 listener; default: no TLS."
    )
    hl7_tls_key: Path | None = Field(None, description="Its key (PEM).")
    hl7_tls_client_ca: Path | None = Field(
        None, description="Certificates (PEM) of who may vouch for senders; default: anybody."
    )
    hl7_max_kib: int = Field(
        1024, ge=1, le=65536, description="Largest HL7 message that is taken, in KiB."
    )
    hl7_application: str = Field(
        "VEXASCOPE", max_length=180, description="What messages call this product in MSH-3."
    )
    hl7_facility: str = Field(
        "", max_length=180, description="What messages call this laboratory in MSH-4."
    )
    hl7_processing_id: ProcessingId = Field(
        ProcessingId.PRODUCTION,
        description="`P`, `T` or `D`: what MSH-11 of orders must say and that of results says.",
    )
    hl7_timezone: str = Field(
        "UTC", description="Zone of times in orders that name none, `Europe/Paris` for example."
    )
    hl7_charset: str = Field(
        "ASCII",
        description="Character set of messages whose MSH-18 is empty, `8859/1` for example.",
    )
    worker_metrics_port: int | None = Field(
        None,
        ge=0,
        le=65535,
        description="Port on which `vexascope worker` shows its numbers to Prometheus; default: "
        "none. Whoever reaches it may read them. A server shows its own at `/metrics`.",
    )
    worker_metrics_host: str = Field(
        "127.0.0.1", description="Address of that port: only this machine, unless you change it."
    )
    log_format: LogFormat = Field(LogFormat.JSON, description="`json` or `text`.")
    log_level: str = Field("INFO", description="`DEBUG`, `INFO`, `WARNING` or `ERROR`.")

    @field_validator("webhook_allowed")
    @classmethod
    def _targets_can_be_read(cls, text: str | None) -> str | None:
        parse_targets(text or "")
        return text

    @property
    def resolved_database_url(self) -> str:
        """The URL with the driver that is used."""
        if self.database_url is None:
            return f"sqlite:///{self.data_dir.resolve() / 'vexascope.db'}"
        for prefix in ("postgresql://", "postgres://"):
            if self.database_url.startswith(prefix):
                return "postgresql+psycopg://" + self.database_url.removeprefix(prefix)
        return self.database_url

    @property
    def resolved_storage_url(self) -> str:
        """The URL of the object store."""
        return self.storage_url or (self.data_dir.resolve() / "images").as_uri()

    @property
    def bundle_folders(self) -> tuple[Path, ...]:
        """Folders that hold installed bundles."""
        if self.bundles_dir is not None:
            return (self.bundles_dir,)
        return (PROJECT / "models", self.data_dir / "bundles")

    @property
    def bundle_dir(self) -> Path:
        """The folder of the bundle that runs until another one is activated."""
        return self.bundle or shipped_bundle()


def shipped_bundle() -> Path:
    """The shipped folder in `models/`, by name: one that is put beside it does not take over."""
    folder = PROJECT / "models" / SHIPPED_BUNDLE
    if not (folder / "manifest.json").is_file():
        raise SettingsRefused(
            f"The shipped bundle, models/{SHIPPED_BUNDLE}, is not there. Restore it, or set "
            "VEXASCOPE_BUNDLE to another folder."
        )
    return folder


def load_settings() -> Settings:
    """Read the environment.

    Raises
    ------
    SettingsRefused
        With the name of each variable that is wrong.
    """
    try:
        return Settings()
    except ValidationError as error:
        problems = "; ".join(
            f"VEXASCOPE_{'_'.join(map(str, item['loc'])).upper()}: {item['msg']}"
            for item in error.errors()
        )
        raise SettingsRefused(f"The environment is not valid. {problems}") from error
