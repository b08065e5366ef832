"""One settings file. Everything that differs between machines comes from the environment, through evalhub.env."""

import os
import sys
from pathlib import Path
from typing import Any

import dj_database_url
import django_stubs_ext
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

from evalhub.env import BadSetting, read_env
from evalhub.keyfile import secret_key
from evalhub.openapi.configuration import SPECTACULAR

django_stubs_ext.monkeypatch()  # generic ModelAdmin, ModelForm and friends are subscriptable at run time too

try:
    ENV = read_env()
except BadSetting as error:
    raise ImproperlyConfigured(str(error)) from None

PACKAGE = Path(__file__).resolve().parent
DATA_DIR = ENV.resolved_data_dir
DEBUG = ENV.debug
SECRET_KEY = ENV.secret_key or secret_key(DATA_DIR)
ALLOWED_HOSTS = ENV.allowed_hosts

INSTALLED_APPS = [
    *(["daphne"] if "runserver" in sys.argv else []),  # for Django's own command alone: it takes a third of a process's start to import
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "channels",
    "csp",
    "django_htmx",
    "django_q",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "evalhub.common",
    "evalhub.accounts.apps.Config",
    "agents.apps.Config",
    "templates_app.apps.Config",
    "runs.apps.Config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "evalhub.assets.AssetMiddleware",
    "evalhub.compression.PageCompression",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "evalhub.accounts.middleware.ProjectMiddleware",
    "evalhub.accounts.middleware.SeenMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "evalhub.urls"
ASGI_APPLICATION = "evalhub.asgi.application"
APPEND_SLASH = False  # a redirect would turn an API client's POST into a GET

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "evalhub.accounts.context.current_project",
            ]
        },
    }
]

FORM_RENDERER = "evalhub.common.forms.Renderer"

SQLITE_OPTIONS: dict[str, Any] = {
    "timeout": 20,
    "transaction_mode": "IMMEDIATE",  # a deferred transaction that upgrades fails at once with "database is locked"
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA temp_store=MEMORY;",
}

# A server that is gone without a word (a failover, a cable) must be noticed: what waits for it can then try again.
POSTGRES_OPTIONS: dict[str, Any] = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,  # milliseconds
}


DATABASE_SCHEMES = ("postgres://", "postgresql://", "sqlite://")
WELL_FORMED_DATABASE = (
    "must look like postgres://USER:PASSWORD@HOST:5432/NAME, with % codes for special characters of the password (# is %23). "
    "Leave it out for SQLite in the data folder."
)


def database(url: str) -> dict[str, Any]:
    """DATABASES["default"]: SQLite in the data folder, or what DATABASE_URL says."""
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA_DIR / "evalhub.sqlite3",
            "OPTIONS": SQLITE_OPTIONS,
            "TEST": {"NAME": DATA_DIR / "test.sqlite3"},
        }
    if not url.startswith(DATABASE_SCHEMES):
        raise ImproperlyConfigured(f"DATABASE_URL {WELL_FORMED_DATABASE}")
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(url))
    except ValueError:  # ParseError and UnknownSchemeError are some; their sentences are for programmers
        raise ImproperlyConfigured(f"DATABASE_URL cannot be read; it {WELL_FORMED_DATABASE}") from None
    if parsed["ENGINE"] == "django.db.backends.sqlite3":
        parsed["OPTIONS"] = SQLITE_OPTIONS
    else:
        parsed["OPTIONS"] = POSTGRES_OPTIONS | parsed.get("OPTIONS", {})  # the address has the last word
    return parsed


DATABASES = {"default": database(ENV.database_url)}
IS_POSTGRES = DATABASES["default"]["ENGINE"].endswith("postgresql")

Q_CLUSTER = {
    "name": "evalhub",
    "orm": "default",
    "workers": 1,  # each worker process is a cluster of its own (evalhub.cli.cluster)
    "poll": 0.2,
    # A drain that has work may take longer. Its ring is then delivered again, which only says once more that there is work (decision 1).
    "timeout": 540,
    "retry": 600,
    "save_limit": -1,
    "catch_up": False,
    "label": "Queue",
    "bulk": 1,
    "queue_limit": 1,
    "guard_cycle": 0.5,
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "sign-in"
PASSWORD_RESET_TIMEOUT = 24 * 3600  # a sign-in link is good for a day, once

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

STATIC_URL = "/static/"
# The repository keeps static/ at its top; a wheel carries it inside the package (pyproject.toml).
STATICFILES_DIRS = [next(path for path in (PACKAGE / "static", PACKAGE.parent / "static") if path.is_dir())]
STATIC_ROOT = DATA_DIR / "static"  # compressed forms of what was asked for; nothing is collected
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "evalhub.assets.HashedStorage"},
}
SERVESTATIC_USE_FINDERS = True
SERVESTATIC_AUTOREFRESH = DEBUG
SERVESTATIC_MAX_AGE = 0 if DEBUG else 300

DATA_UPLOAD_MAX_MEMORY_SIZE = ENV.max_body_bytes
MAX_BODY_BYTES = ENV.max_body_bytes
DELETES_THAT_WAIT = ENV.web_concurrency // 4
API_RATE_LIMIT = ENV.api_rate_limit
API_RUN_RATE_LIMIT = ENV.api_run_rate_limit
API_OPEN_STREAMS = ENV.api_open_streams
TRUSTED_PROXIES = ENV.trusted_proxies
METRICS_TOKEN = ENV.metrics_token
ALLOW_UNSANDBOXED = ENV.allow_unsandboxed
SANDBOX_READ_ONLY = tuple(ENV.sandbox_read_only)
SANDBOX_LIMITS = {  # fields of agents.sandbox.Limits
    "memory_bytes": ENV.sandbox_memory << 20,
    "disk_bytes": ENV.sandbox_disk << 20,
    "processes": ENV.sandbox_processes,
    "cpu_s": ENV.sandbox_cpu_seconds,
}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["evalhub.api.KeyAuthentication", "evalhub.api.PersonAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["evalhub.api.HasScope"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["evalhub.api.BoundedJSONParser"],
    "EXCEPTION_HANDLER": "evalhub.api.problem_handler",
    "DEFAULT_SCHEMA_CLASS": "evalhub.openapi.schema.DescribedSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS = SPECTACULAR

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
if ENV.https:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [
        r"^(healthz|readyz|metrics)$",
        r"^(api|v1)/",
    ]  # probes ask by http; a redirect would turn an API client's POST into a GET
    SECURE_HSTS_SECONDS = 31_536_000
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"refusals": {"()": "evalhub.common.logs.RefusalsInOneLine"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": ENV.log_level},
    "loggers": {
        "django": {"handlers": []},  # with EVALHUB_DEBUG Django would print every line a second time, refusals with their traceback
        "django.server": {"level": "WARNING"},
        "daphne": {"level": "WARNING"},
        "django-q": {"level": "WARNING", "handlers": ["stderr"], "propagate": False},
    },
}

TESTING = "pytest" in sys.modules
if TESTING:
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "evalhub.settings")  # for the processes this one forks
