"""The portal's settings. The environment decides; a missing or odd value stops the start with a sentence.

SECRET_KEY       needed unless DEBUG is on: 50 characters or more, kept secret
FIELD_KEYS       needed in production: the keys of encrypted fields, "id:key,…,fp:key", each 32 bytes in base64; the first
                 writes, "fp" makes fingerprints; the development's and the demonstration's lie in DATA_DIR/field-keys
ALLOWED_HOSTS    needed in production: host names, separated by commas
DATABASE_URL     postgresql://user:password@host:port/name, postgresql:///name?host=/socket/folder, or
                 sqlite:////absolute/path; without it SQLite in DATA_DIR
DATA_DIR         where the database file and the uploads lie (var/ in the checkout)
TRUSTED_PROXY    true behind a reverse proxy that sets X-Forwarded-For and X-Forwarded-Proto itself
PASSWORD_POLICY  djbh or asvs (portal/accounts/passwords.py)
SECOND_FACTOR_LINES  which accounts must have a second factor: sysadmin,secadmin,auditor (business may be added)
PHONE_REVEALS_A_DAY  how many phone numbers one account may look at in a day
LOGIN_ATTEMPTS   wrong log-ins until an account is locked for the address
AUDIT_KEEP_DAYS  how long the audit trail is kept
DEBUG, DEMO      true or false
"""

import base64
import os
import re
import secrets
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


def env_bool(name: str, default: bool = False) -> bool:
    value = os.environ.get(name, str(default)).lower()
    if value not in {"true", "false"}:
        raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")
    return value == "true"


def env_int(name: str, default: int, least: int = 1) -> int:
    value = os.environ.get(name, str(default))
    if not (value.isascii() and value.isdigit() and int(value) >= least):
        raise ImproperlyConfigured(f"{name} must be a whole number of at least {least}, not {value!r}.")
    return int(value)


def env_choice(name: str, *choices: str) -> str:
    """One of `choices`; the first is the default."""
    value = os.environ.get(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name} must be {' or '.join(choices)}, not {value!r}.")
    return value


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in os.environ.get(name, default).split(",") if part.strip()]


TESTING = "pytest" in sys.modules
DEBUG = env_bool("DEBUG")
DEMO = env_bool("DEMO")
SECURE = not (DEBUG or DEMO or TESTING)  # the demonstration and the tests are served over http on this machine

DATA_DIR = Path(os.environ.get("DATA_DIR") or BASE_DIR / "var").absolute()
DATA_DIR.mkdir(mode=0o700, parents=True, exist_ok=True)
FILES_ROOT = DATA_DIR / "files"


def secret_key() -> str:
    value = os.environ.get("SECRET_KEY") or ("only-for-development-" * 3 if DEBUG or TESTING else "")
    if len(value) < 50:
        raise ImproperlyConfigured(f"SECRET_KEY must be a secret of at least 50 characters; it has {len(value)}.")
    return value


def allowed_hosts() -> list[str]:
    hosts = env_list("ALLOWED_HOSTS")
    if "*" in hosts or (SECURE and not hosts):
        raise ImproperlyConfigured("ALLOWED_HOSTS must name the portal's hosts, for example tongxin.example.gov.cn.")
    return hosts or ["127.0.0.1", "localhost"]


def field_keys() -> dict[str, bytes]:
    """Key id → 32 bytes; the first one writes, "fp" (never the first) makes fingerprints."""
    text = os.environ.get("FIELD_KEYS") or ("test:" + "dA" * 21 + "c=,fp:" + "Zn" * 21 + "A=" if TESTING else "")
    pairs = [pair.strip().partition(":") for pair in (text or own_field_keys()).split(",")]
    with suppress(ValueError):
        keys = {key_id: base64.b64decode(key, validate=True) for key_id, _, key in pairs}
        named = all(re.fullmatch("[A-Za-z0-9_-]{1,16}", key_id) for key_id in keys)
        if named and len(keys) == len(pairs) and "fp" in list(keys)[1:] and {len(key) for key in keys.values()} == {32}:
            return keys
    raise ImproperlyConfigured(
        "FIELD_KEYS must be id:key,…,fp:key, each key made by `openssl rand -base64 32`; the first one writes. "
        "Keep them apart from the backups: without them no stored phone can be read."
    )


def own_field_keys() -> str:
    """The keys of a development or a demonstration, made on first use; "" in production."""
    path = DATA_DIR / "field-keys"
    if not (DEBUG or DEMO):
        return ""
    if not path.exists():
        made = Path(f"{path}.{os.getpid()}")
        made.touch(mode=0o600)
        made.write_text(
            ",".join(f"{name}:{base64.b64encode(secrets.token_bytes(32)).decode()}" for name in ("k1", "fp"))
        )
        with suppress(FileExistsError):  # another process was faster
            path.hardlink_to(made)
        made.unlink()
    return path.read_text()


SECRET_KEY = secret_key()
FIELD_KEYS = field_keys()
ALLOWED_HOSTS = allowed_hosts()

# Applications and the road of a request

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "portal.audit",
    "portal.kit",
    "portal.accounts",
    "organizations",
    "outreach",
    "assessments",
    "portal.exchange",
    "portal.papers",
    "portal.dashboards",
    "csp",
    "django_filters",
    "django_htmx",
    "django_tasks",
    "django_tasks_db",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "heroicons",
    "rest_framework",
]

MIDDLEWARE = [
    "csp.middleware.CSPMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "portal.kit.middleware.RequestContextMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "portal.kit.middleware.AccessMiddleware",
    "portal.accounts.middleware.SecondFactorMiddleware",
    "portal.accounts.middleware.PasswordExpiryMiddleware",
]

ROOT_URLCONF = "portal.urls"
WSGI_APPLICATION = "portal.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "portal.dashboards.frame.frame",
            ],
        },
    }
]

# Database


def sqlite(path: Path | str) -> dict[str, Any]:
    """One file, several processes: writers queue (IMMEDIATE) instead of failing, readers never wait (WAL).

    synchronous=FULL, because with NORMAL a power cut takes the last acknowledged commits along (a killed server
    loses nothing either way). recursive_triggers, because INSERT OR REPLACE goes round DELETE triggers without it.
    secure_delete, because an erased person must not stay in the file's free pages.
    """
    synchronous = "OFF" if TESTING else "FULL"
    return {
        "ENGINE": "portal.kit.sqlite",
        "NAME": path,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": f"PRAGMA journal_mode=WAL;PRAGMA synchronous={synchronous};PRAGMA recursive_triggers=ON;PRAGMA secure_delete=ON",
        },
        "TEST": {"NAME": DATA_DIR / "test.sqlite3"},  # a file: the live server's threads need connections of their own
    }


def postgresql(url: str) -> dict[str, Any]:
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or unquote(parts.hostname or ""),
        "PORT": options.pop("port", "") or str(parts.port or ""),
        "OPTIONS": options,
        "CONN_MAX_AGE": 0 if TESTING else 60,
        "CONN_HEALTH_CHECKS": True,
    }


def database(url: str) -> dict[str, Any]:
    scheme, _, rest = url.partition("://")
    if not url:
        return sqlite(DATA_DIR / "db.sqlite3")
    if scheme == "sqlite" and rest.startswith("//"):
        return sqlite(unquote(rest[1:]))
    if scheme in {"postgres", "postgresql"} and urlsplit(url).path.strip("/"):
        with suppress(ValueError):  # a port that is no number
            return postgresql(url)
    raise ImproperlyConfigured(
        "DATABASE_URL must be postgresql://user:password@host:port/name, postgresql:///name?host=/socket/folder "
        "or sqlite:////absolute/path."
    )


DATABASES = {"default": database(os.environ.get("DATABASE_URL", ""))}

# Accounts and sessions

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["portal.accounts.backends.GrantBackend"]
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "dashboards:my_work"
LOGOUT_REDIRECT_URL = "accounts:login"

PASSWORD_POLICY = env_choice("PASSWORD_POLICY", "djbh", "asvs")
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if TESTING:
    PASSWORD_HASHERS.insert(0, "django.contrib.auth.hashers.MD5PasswordHasher")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "portal.accounts.passwords.PolicyValidator"},
    {"NAME": "portal.accounts.passwords.BlocklistValidator"},
]
LOGIN_ATTEMPTS = env_int("LOGIN_ATTEMPTS", 5)
LOGIN_LOCK_MINUTES = 15
# Whose log-in asks for a second factor; the demonstration and the tests ask where a person set one up.
SECOND_FACTOR_LINES = env_list("SECOND_FACTOR_LINES", "" if DEMO or TESTING else "sysadmin,secadmin,auditor")
SECOND_FACTOR_MINUTES = 10  # from the password to the second factor
PHONE_REVEALS_A_DAY = env_int("PHONE_REVEALS_A_DAY", 20)

SESSION_COOKIE_AGE = 10 * 60 * 60  # from log-in: it is not saved again by a request
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True  # scripts take the CSRF token from the page
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"

# What browsers are told

if SECURE:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True

TRUSTED_PROXY = env_bool("TRUSTED_PROXY")
if TRUSTED_PROXY:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}

# Words and times

LANGUAGE_CODE = "zh-hans"
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True

# Files

STATIC_URL = "/static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": FILES_ROOT}},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG or TESTING
        else "whitenoise.storage.CompressedManifestStaticFilesStorage",
    },
}
UPLOAD_MAX_BYTES = 10 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_621_440  # a form or a JSON body without its files

FILTERS_EMPTY_CHOICE_LABEL = "全部"

# Limits and terms

AUDIT_KEEP_DAYS = env_int("AUDIT_KEEP_DAYS", 1095)
GRID_MAX_CELLS = 3000
ROSTER_AMBER_DAYS = env_int("ROSTER_AMBER_DAYS", 90)  # days since a roster was last confirmed
ROSTER_RED_DAYS = env_int("ROSTER_RED_DAYS", 180)
ELECTION_NOTICE_DAYS = env_int("ELECTION_NOTICE_DAYS", 60)  # an election this near needs attention

# Import, export and work in the background

IMPORT_MAX_ROWS = env_int("IMPORT_MAX_ROWS", 50_000)
IMPORT_UNDO_DAYS = env_int("IMPORT_UNDO_DAYS", 7)
IMPORT_PAGE_ROWS = env_int("IMPORT_PAGE_ROWS", 2_000)  # an upload with more rows is worked on in the background
EXPORT_PAGE_ROWS = env_int("EXPORT_PAGE_ROWS", 20_000)  # a list with more rows is written in the background
LONG_EXPORT = "portal.exchange.tasks.export_in_background"
EXPORT_KEEP_HOURS = 24
JOB_LOST_SECONDS = 60  # a job that said nothing for so long has lost its worker
TASKS = {
    "default": {
        "BACKEND": "django_tasks.backends.immediate.ImmediateBackend" if TESTING else "django_tasks_db.DatabaseBackend"
    }
}

# API

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "portal.accounts.api.TokenAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["portal.kit.permissions.ScopedPermission"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "PAGE_SIZE": 50,
}
SPECTACULAR_SETTINGS = {
    "TITLE": "同心接口",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "ENUM_NAME_OVERRIDES": {
        "DemonstrationStateEnum": "outreach.models.Demonstration.State",
        "DemonstrationStepEnum": "outreach.models.DemonstrationStep.STATES",
        "VisitStateEnum": "outreach.models.Visit.State",
        "RequestStateEnum": "outreach.models.Request.State",
    },
}

# The log goes to standard output: request lines and errors, never bodies or field values.

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django": {"handlers": ["console"], "level": "INFO", "propagate": False}},
}
