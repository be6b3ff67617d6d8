"""`make bench`: what pages cost, as a multiple of an empty page behind log-in, with 1 and with 20 counties loaded.

CPU seconds of this process, the least of several rounds (a shared machine's wall clock says little), on SQLite in a
folder of its own. Prints a table and writes it to docs/benchmarks.md.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
COUNTIES = (1, 20)
ROUNDS, REQUESTS = 7, 12
GOALS = {"list": 8.0, "detail": 6.0}
MAX_BYTES, MAX_GROWTH = 40_000, 1.3


def measure(client, url: str) -> tuple[float, int, int]:
    """(CPU milliseconds a request, bytes, queries) of a GET."""
    from django.db import connection  # noqa: PLC0415 - Django is set up in `worker`

    queries = []
    with connection.execute_wrapper(lambda execute, *call: (queries.append(call[0]), execute(*call))[1]):
        response = client.get(url)
    if response.status_code != 200:
        raise SystemExit(f"{url} answers {response.status_code}")
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time()
        for _ in range(REQUESTS):
            client.get(url)
        rounds.append((time.process_time() - start) / REQUESTS)
    return 1000 * min(rounds), len(response.content), len(queries)


def pages() -> dict[str, tuple[str, str]]:
    """Name → (kind, address), on the first county."""
    from django.urls import reverse  # noqa: PLC0415

    from assessments.models import Publication, Quarter  # noqa: PLC0415
    from organizations.models import Area, Unit  # noqa: PLC0415

    county = Area.objects.filter(level=1).order_by("pk").first()
    quarter = Quarter.objects.filter(scheme__area=county).order_by("pk").last()
    publication = Publication.objects.filter(quarter__scheme__area=county).order_by("pk").last()
    return {
        "empty page": ("base", "/empty/"),
        "units (list)": ("list", reverse("organizations:unit_list")),
        "self-reports (list)": ("list", reverse("assessments:report_list", args=[quarter.pk])),
        "unit (detail)": ("detail", Unit.objects.filter(area=county).first().get_absolute_url()),
        "score slip (detail)": ("detail", publication.results.first().get_absolute_url()),
        "review grid": ("page", reverse("assessments:review", args=[quarter.pk])),
        "ranking": ("page", publication.get_absolute_url()),
        "my work": ("page", reverse("dashboards:my_work")),
    }


def worker(counties: int) -> None:
    """Load `counties` synthetic counties into DATA_DIR and print one line a page."""
    import django  # noqa: PLC0415

    django.setup()
    from django.conf import settings  # noqa: PLC0415
    from django.core.management import call_command  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415

    from portal.accounts.models import User  # noqa: PLC0415

    settings.ROOT_URLCONF = "tests.benchmarks.urls"
    call_command("migrate", verbosity=0)
    call_command("load_scale", counties=counties, verbosity=0)
    client = Client()
    client.force_login(User.objects.filter(grants__role="staff").order_by("pk").first())
    for name, (kind, url) in pages().items():
        cost, size, queries = measure(client, url)
        print(f"ROW\t{name}\t{kind}\t{cost:.3f}\t{size}\t{queries}", flush=True)


def run(counties: int) -> dict[str, tuple[str, float, int, int]]:
    """Page → (kind, CPU ms, bytes, queries), measured in a process and a database of its own."""
    with tempfile.TemporaryDirectory(prefix="tongxin-bench-") as folder:
        environment = {
            **os.environ, "DATA_DIR": folder, "DATABASE_URL": "", "DEMO": "true", "DEBUG": "false",
            "DJANGO_SETTINGS_MODULE": "portal.settings", "SECRET_KEY": "only-for-the-benchmark-" * 3,
            "ALLOWED_HOSTS": "testserver", "BENCH": "true",
        }  # fmt: skip
        command = [sys.executable, "-m", "tests.benchmarks.run", "worker", str(counties)]
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    rows = [line.split("\t")[1:] for line in done.stdout.splitlines() if line.startswith("ROW\t")]
    return {name: (kind, float(cost), int(size), int(queries)) for name, kind, cost, size, queries in rows}


def report() -> str:
    """The table, with the goals and whether each holds."""
    results = {counties: run(counties) for counties in COUNTIES}
    small, large = (results[counties] for counties in COUNTIES)
    base = {counties: found["empty page"][1] for counties, found in results.items()}
    head = f"| page | × empty, {COUNTIES[0]} county | × empty, {COUNTIES[1]} counties | growth | queries | kB | goal |"
    lines = [head, "| --- | ---: | ---: | ---: | ---: | ---: | --- |"]
    for name, (kind, cost, size, queries) in small.items():
        ratio, later = cost / base[COUNTIES[0]], large[name][1] / base[COUNTIES[1]]
        growth = later / ratio  # of the multiples: what the machine does meanwhile falls out
        misses = []
        if kind in GOALS and max(ratio, later) > GOALS[kind]:
            misses.append(f"≤ {GOALS[kind]:g} ×")
        if max(size, large[name][2]) > MAX_BYTES:
            misses.append("≤ 40 kB")
        if growth > MAX_GROWTH:
            misses.append(f"growth ≤ {MAX_GROWTH}")
        verdict = f"missed: {', '.join(misses)}" if misses else "held"
        lines.append(
            f"| {name} | {ratio:.1f} | {later:.1f} | {growth:.2f} | {queries} | {size / 1000:.1f} | {verdict} |"
        )
    average = statistics.mean(base.values())
    return "\n".join([*lines, "", f"An empty page behind log-in costs {average:.1f} ms of CPU on this machine."])


def main() -> None:
    table = report()
    print(table)
    text = f"# Benchmarks\n\nMade by `make bench` (tests/benchmarks/run.py says how).\n\n{table}\n"
    (ROOT / "docs").mkdir(exist_ok=True)
    (ROOT / "docs" / "benchmarks.md").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    worker(int(sys.argv[2])) if sys.argv[1:2] == ["worker"] else main()
