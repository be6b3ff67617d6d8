"""The settings: the environment decides, odd values stop the start, production is closed."""

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher, make_password

from portal import settings as portal_settings

FIELD_KEYS = "k1:" + "a2" * 21 + "s=,fp:" + "Zn" * 21 + "A="
PRODUCTION = {"SECRET_KEY": "k" * 60, "FIELD_KEYS": FIELD_KEYS, "ALLOWED_HOSTS": "tongxin.example.gov.cn"}
SHOW = "import sys; from portal import settings; print({name: getattr(settings, name) for name in sys.argv[1:]})"


@pytest.fixture
def start(tmp_path):
    """Load the settings in a process of their own: (what the named ones are, how it failed)."""

    def run(environment, *names):
        done = subprocess.run(
            [sys.executable, "-c", SHOW, *names],
            check=False,
            cwd=settings.BASE_DIR,
            env={"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), **environment},
            capture_output=True,
            text=True,
        )
        return done.stdout.strip(), (done.stderr.strip().splitlines() or [""])[-1]

    return run


@pytest.mark.parametrize(
    ("environment", "sentence"),
    [
        ({"DEBUG": "yes"}, "DEBUG must be true or false, not 'yes'."),
        ({"SECRET_KEY": ""}, "SECRET_KEY must be a secret of at least 50 characters; it has 0."),
        ({"FIELD_KEYS": ""}, "FIELD_KEYS must be id:key,…,fp:key, each key made by `openssl rand -base64 32`"),
        ({"FIELD_KEYS": FIELD_KEYS.split(",", maxsplit=1)[0]}, "FIELD_KEYS must be id:key,…,fp:key"),
        ({"FIELD_KEYS": FIELD_KEYS.split(",")[1]}, "FIELD_KEYS must be id:key,…,fp:key"),
        ({"FIELD_KEYS": f"{FIELD_KEYS},k1:AAAA"}, "FIELD_KEYS must be id:key,…,fp:key"),
        ({"FIELD_KEYS": f"{FIELD_KEYS},k2:AAAA"}, "FIELD_KEYS must be id:key,…,fp:key"),
        ({"FIELD_KEYS": f"{FIELD_KEYS},k2:not base64"}, "FIELD_KEYS must be id:key,…,fp:key"),
        ({"ALLOWED_HOSTS": ""}, "ALLOWED_HOSTS must name the portal's hosts"),
        ({"ALLOWED_HOSTS": "*"}, "ALLOWED_HOSTS must name the portal's hosts"),
        ({"LOGIN_ATTEMPTS": "0"}, "LOGIN_ATTEMPTS must be a whole number of at least 1, not '0'."),
        ({"PASSWORD_POLICY": "none"}, "PASSWORD_POLICY must be djbh or asvs, not 'none'."),
        ({"DATABASE_URL": "mysql://root@db/tongxin"}, "DATABASE_URL must be postgresql://"),
        ({"DATABASE_URL": "postgresql://db"}, "DATABASE_URL must be postgresql://"),
        ({"DATABASE_URL": "postgresql://db:port/tongxin"}, "DATABASE_URL must be postgresql://"),
    ],
)
def test_an_odd_value_stops_the_start_with_a_sentence(start, environment, sentence):
    shown, error = start({**PRODUCTION, **environment})
    assert shown == ""
    assert f"ImproperlyConfigured: {sentence}" in error


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://tx:p%40ss@db:5433/t", ["t", "tx", "p@ss", "db", "5433", {}]),
        ("postgresql:///t?host=/run/postgresql", ["t", "", "", "/run/postgresql", "", {}]),
        ("postgresql://tx@db/t?sslmode=verify-full", ["t", "tx", "", "db", "", {"sslmode": "verify-full"}]),
    ],
)
def test_postgresql_is_read_from_its_url(url, expected):
    found = portal_settings.database(url)
    assert [found[name] for name in ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")] == expected


def test_sqlite_queues_its_writers_and_keeps_what_it_acknowledged(start):
    shown, _ = start(PRODUCTION, "DATABASES")
    assert "'transaction_mode': 'IMMEDIATE'" in shown
    assert "journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA recursive_triggers=ON" in shown
    assert portal_settings.database("sqlite:////srv/t.sqlite3")["NAME"] == "/srv/t.sqlite3"


@pytest.mark.parametrize("environment", [{"DEBUG": "true"}, {"DEMO": "true", "SECRET_KEY": "k" * 60}])
def test_a_development_makes_its_field_keys_once_for_its_owner_alone(start, tmp_path, environment):
    first, _ = start(environment, "FIELD_KEYS")
    assert first.startswith("{'FIELD_KEYS': {'k1': b")
    assert start(environment, "FIELD_KEYS")[0] == first
    assert [path.name for path in tmp_path.iterdir()] == ["field-keys"]
    assert (tmp_path / "field-keys").stat().st_mode & 0o777 == 0o600


def test_production_cookies_belong_to_the_host_alone(start):
    shown, _ = start(
        PRODUCTION, "SESSION_COOKIE_NAME", "SESSION_COOKIE_SECURE", "CSRF_COOKIE_NAME", "SECURE_SSL_REDIRECT"
    )
    assert shown == str(
        {
            "SESSION_COOKIE_NAME": "__Host-sessionid",
            "SESSION_COOKIE_SECURE": True,
            "CSRF_COOKIE_NAME": "__Host-csrftoken",
            "SECURE_SSL_REDIRECT": True,
        }
    )


def test_passwords_are_kept_with_argon2_outside_the_tests(start):
    shown, _ = start(PRODUCTION, "PASSWORD_HASHERS")
    assert shown == str({"PASSWORD_HASHERS": ["django.contrib.auth.hashers.Argon2PasswordHasher"]})
    assert identify_hasher(make_password("一个口令", hasher="argon2")).algorithm == "argon2"


def test_no_policy_allows_inline_code():
    assert "unsafe" not in str(settings.CONTENT_SECURITY_POLICY)
