"""What every answer of the portal tells a browser, whatever its status."""

import re

import pytest
from django.conf import settings
from django.test import Client

ELSEWHERE = re.compile(r"(?:https?:|[\"'(=]\s*)//([a-z0-9-]+(?:\.[a-z0-9-]+)+)", re.IGNORECASE)
POLICY = (
    "base-uri 'none'; default-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "img-src 'self' data:; object-src 'none'"
)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/accounts/login/", 200), ("/", 302), ("/no-such-page/", 404), ("/api/scores/", 401)],
)
def test_every_answer_is_closed_to_frames_and_foreign_code(db, path, status):
    answer = Client().get(path)
    assert answer.status_code == status
    assert "; ".join(sorted(answer["Content-Security-Policy"].split("; "))) == POLICY
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] == "same-origin"
    assert answer["X-Frame-Options"] == "DENY"


def test_an_error_of_the_portal_itself_is_closed_too(db, monkeypatch):
    def fall(*args, **kwargs):
        raise RuntimeError

    monkeypatch.setattr("django.contrib.sessions.middleware.SessionMiddleware.process_request", fall)
    answer = Client(raise_request_exception=False).get("/accounts/login/")
    assert answer.status_code == 500
    assert "default-src 'self'" in answer["Content-Security-Policy"]


def test_no_page_style_or_script_names_another_machine():
    folders = [settings.BASE_DIR / "templates", settings.BASE_DIR / "static"]
    texts = [
        path
        for folder in folders
        for path in folder.rglob("*")
        if path.suffix in {".html", ".css", ".js", ".svg", ".txt"}
    ]
    assert len(texts) > 100
    found = {(path.name, host) for path in texts for host in ELSEWHERE.findall(path.read_text(encoding="utf-8"))}
    assert found <= {("logo.svg", "www.w3.org")}  # the name of a format, fetched by nobody


def test_a_foreign_host_is_refused(db):
    assert Client(headers={"host": "evil.example"}).get("/accounts/login/").status_code == 400
