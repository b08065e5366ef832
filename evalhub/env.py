"""Everything that differs between machines, read from the environment once and checked with sentences.

Only settings and the command read it.
"""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

import platformdirs
from pydantic import AliasChoices, Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict


class BadSetting(Exception):
    """A setting in the environment cannot be used; the message says which and why."""


class Env(BaseSettings):
    """The settings of one installation. Names are EVALHUB_<FIELD>, but for DATABASE_URL."""

    model_config = SettingsConfigDict(env_prefix="EVALHUB_", env_ignore_empty=True, extra="ignore")

    data_dir: Path = Field(
        default_factory=lambda: Path(platformdirs.user_data_dir("evalhub", appauthor=False)),
        description="Folder for the SQLite file, the secret key file and the logs.",
    )
    database_url: str = Field(
        "", validation_alias="DATABASE_URL", description="postgres://… to use PostgreSQL; empty for SQLite in the data folder."
    )
    secret_key: str = Field(
        "", description="Signs sessions and encrypts stored secrets; empty to use (and create) the key file in the data folder."
    )
    debug: bool = Field(False, description="Django's debug pages. Never on a machine others can reach.")
    allowed_hosts: Annotated[list[str], NoDecode] = Field(
        default_factory=lambda: ["127.0.0.1", "localhost", "[::1]"], description="Host names the pages answer to, separated by commas."
    )
    https: bool = Field(
        False, description="Set to 1 behind a proxy that serves HTTPS: secure cookies, HSTS, and X-Forwarded-Proto is trusted."
    )
    trusted_proxies: int = Field(
        0,
        ge=0,
        le=10,
        description="Proxies in front that each add to X-Forwarded-For; the sender's address is the one so many places from its end. "
        "0 to believe the connection alone.",
    )
    allowed_hosts_out: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Private host names or addresses that agent endpoints and API sources may be on, separated by commas.",
    )
    allow_loopback_out: bool = Field(
        False, description="Let agent endpoints and API sources be on this machine; `evalhub up` bound to loopback sets it."
    )
    allow_unsandboxed: bool = Field(
        False,
        description="Run code and coding agents without a sandbox where bubblewrap does not work. They can then read and send whatever "
        "the worker's user can; every such run says so. Only owners then set the commands of sources; whoever may start evals still "
        "decides what is written, so do not set it where not all members are trusted with the machine.",
    )
    sandbox_read_only: Annotated[list[str], NoDecode] = Field(
        default_factory=list,
        description="Folders outside of `/usr` that a sandbox shows as well, such as one with coding agents, separated by commas; "
        "their `bin` is in the PATH.",
    )
    sandbox_memory: int = Field(1024, ge=32, le=1_048_576, description="MiB of memory that the processes of one sandbox may use together.")
    sandbox_disk: int = Field(
        256, ge=1, le=65_536, description="MiB that they may write; kept in the worker's memory while the sandbox lives."
    )
    sandbox_processes: int = Field(128, ge=4, le=10_000, description="Processes and threads that one sandbox may have at once.")
    sandbox_cpu_seconds: int = Field(300, ge=1, le=86_400, description="Seconds of processor that they may use together.")
    web_concurrency: int = Field(
        16, ge=1, le=500, description="Requests that one web process works on at once; each holds a thread and a database connection."
    )
    worker_processes: int = Field(1, ge=1, le=64, description="Worker processes; one is enough for hundreds of conversations at once.")
    concurrency: int = Field(64, ge=1, le=2000, description="Runs that one worker process drives at once.")
    lease_seconds: float = Field(30.0, ge=2, le=600, description="Silence after which another worker may continue a run.")
    stop_seconds: float = Field(
        10.0,
        ge=0,
        le=600,
        description="Seconds that turns in work have to be committed when a worker is stopped. "
        "`evalhub up` gives them 2 at most, so that Ctrl-C is quick.",
    )
    demo_delay: float = Field(1.2, ge=0, le=30, description="Seconds a demo agent or demo user takes to answer, so that people can watch.")
    model_timeout: float = Field(120.0, ge=1, le=3600, description="Seconds one model call may take.")
    model_attempts: int = Field(8, ge=1, le=20, description="Tries of one model call before it is given up.")
    model_patience: float = Field(180.0, ge=0, le=3600, description="Seconds that a model call waits while its provider answers 429.")
    default_model: str = Field(
        "", description="provider/model used where a run names none; empty for the first provider's default, or the demo models."
    )
    openai_api_key: str = Field("", validation_alias="OPENAI_API_KEY", repr=False, description="Provider `openai`.")
    openai_base_url: str = Field(
        "", validation_alias="OPENAI_BASE_URL", description="Another OpenAI-compatible address for provider `openai`."
    )
    anthropic_api_key: str = Field("", validation_alias="ANTHROPIC_API_KEY", repr=False, description="Provider `anthropic`.")
    anthropic_base_url: str = Field("", validation_alias="ANTHROPIC_BASE_URL", description="Another address for provider `anthropic`.")
    openrouter_api_key: str = Field("", validation_alias="OPENROUTER_API_KEY", repr=False, description="Provider `openrouter`.")
    gemini_api_key: str = Field(
        "", validation_alias=AliasChoices("GEMINI_API_KEY", "GOOGLE_API_KEY"), repr=False, description="Provider `google`."
    )
    max_body_bytes: int = Field(8 * 1024 * 1024, ge=1024, description="The largest request body the API reads.")
    api_rate_limit: str = Field(
        "3000/minute", description="Requests of one API key or person, counted by each web process; 0 for no limit."
    )
    api_run_rate_limit: str = Field("600/minute", description="Those of them that start runs; 0 for no limit.")
    api_open_streams: int = Field(
        1000, ge=1, description="Event streams and live pages that one key or person may have open at once, counted by each web process."
    )
    metrics_token: str = Field("", repr=False, description="The bearer token that opens `/metrics`; empty to keep it closed.")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="What is written to the logs.")

    @field_validator("openai_base_url", "anthropic_base_url")
    @classmethod
    def web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            raise ValueError("must be an address that starts with http:// or https://")
        return value

    @field_validator("api_rate_limit", "api_run_rate_limit")
    @classmethod
    def one_rate(cls, value: str) -> str:
        from limits import parse_many  # a tenth of a second that only an installation with its own limit waits for here

        try:
            amounts = [rate.amount for rate in parse_many(value)] if value != "0" else []
        except ValueError:
            amounts = [0]
        if len(amounts) > 1 or 0 in amounts:
            raise ValueError("must be one rate such as 3000/minute or 10/second, or 0 for no limit")
        return value

    @field_validator("sandbox_read_only")
    @classmethod
    def folders_for_a_sandbox(cls, value: list[str]) -> list[str]:
        if value:
            from agents.sandbox.job import check_read_only  # brings aiohttp along, which only installations with such folders wait for here

            for path in value:
                check_read_only(path)
        return value

    @field_validator("allowed_hosts", "allowed_hosts_out", "sandbox_read_only", mode="before")
    @classmethod
    def split_commas(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @cached_property
    def resolved_data_dir(self) -> Path:
        return self.data_dir.expanduser().absolute()


def read_env() -> Env:
    """The environment as settings. Raises BadSetting with one line a wrong variable."""
    try:
        return Env()
    except ValidationError as error:
        lines = [
            f"{_variable(str(item['loc'][0]))}: {item['msg'].removeprefix('Value error, ')} (it is {item['input']!r})"
            for item in error.errors()
        ]
        raise BadSetting("; ".join(lines)) from None


def _variable(field: str) -> str:
    return field if field.isupper() else f"EVALHUB_{field.upper()}"
