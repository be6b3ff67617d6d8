"""`make bench`, second part: workbooks in and out, beside django-import-export on the same model and the same rows.

The model is Station with ten columns. Of the rows that are imported a half is new, a quarter changed, a quarter the same. Each
case runs in a process of its own on a copy of one SQLite database. CPU seconds hold those of the reading child; memory
is the process's peak above what an idle worker has, and beside it the peak of the reading child, which is gone before the
rest begins. Ours: the lesser CPU of two runs.

Both sides preview and write, as their pages do. django-import-export: `clean_model_instances` on (ours checks every row
too), its default and its bulk mode (`use_bulk`, no differences); it writes no audit trail, ours does.
"""

import cProfile
import importlib
import os
import pstats
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).resolve().parents[2]
IMPORTS, EXPORTS = (5_000, 20_000), (20_000, 100_000)
RUNS = 2
HEADS = ["乡镇（街道）", "村（社区）", "类别", "名称", "工作领域", "地址", "开放时间", "值班人员", "启用日期", "备注"]
FIELDS = ["kind", "name", "fields_of_work", "address", "opening_hours", "on_duty", "since", "note"]
IMPORT_CASES, EXPORT_CASES = ("ours", "theirs", "bulk", "raw"), ("ours", "theirs", "raw")
LABELS = {
    "ours": "Tongxin",
    "theirs": "django-import-export",
    "bulk": "django-import-export, bulk",
    "raw": "library alone",
}

STAGES: list[str] = []


class Measured(NamedTuple):
    """Seconds of CPU, by the clock and in the database; MB of the process and of its reading child."""

    cpu: float
    wall: float
    database: float
    memory: float
    child: float
    stages: str = ""


# rows


def rows_of(count: int, *, changed: bool) -> Iterator[list[str]]:
    """The file's rows; without `changed` those of its first half as they are stored before."""
    from organizations.models import Area  # noqa: PLC0415 - Django is set up in `worker`

    villages = list(Area.objects.filter(level=3).select_related("parent").order_by("pk")[:400])
    for number in range(count):
        village = villages[number % len(villages)]
        differs = changed and number % 2 == 1
        hours = "周一至周六 8:30-17:30" if differs else "周一至周五 8:30-17:30"
        yield [
            village.parent.name, village.name, "联络点", f"第{number}联络点", "民营经济统战、综合", f"中心路{number}号", hours,
            "张某甲、李某乙", "2022-03-01", "每周二接待来访",
        ]  # fmt: skip


def store(count: int) -> None:
    """Stations as `rows_of` says them."""
    from organizations.models import Area  # noqa: PLC0415
    from outreach.models import Station  # noqa: PLC0415

    areas = {(area.parent.name, area.name): area for area in Area.objects.filter(level=3).select_related("parent")}
    Station.objects.bulk_create([
        Station(area=areas[row[0], row[1]], kind="point", name=row[3], fields_of_work=["enterprise", "general"],
                address=row[5], opening_hours=row[6], on_duty=row[7], since=row[8], note=row[9])
        for row in rows_of(count, changed=False)
    ], batch_size=500)  # fmt: skip


def write_file(path: Path, rows: Iterator[list[str]]) -> None:
    import xlsxwriter  # noqa: PLC0415

    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("联络站点")
        for number, row in enumerate([HEADS, *rows]):
            sheet.write_row(number, 0, row)


# cases


def import_ours(path: Path) -> None:
    """Upload, preview, write: what the wizard does."""
    from portal.exchange.services import batches  # noqa: PLC0415

    user = staff()
    with stage("upload: the child reads, columns are matched"):
        batch = batches.upload("stations", path.name, path.read_bytes(), by=user)
    if batches.unclear(batch):
        raise SystemExit(f"a column is unclear: {batch.columns}")
    with stage("preview: every row read, checked, compared"):
        batches.plan(batch, by=user)
        batch.refresh_from_db()
    with stage("write: compared again, upsert, audit trail"):
        batches.write(batch, by=user, expected=batch.version)


@contextmanager
def stage(name: str) -> Iterator[None]:
    begun = cpu_seconds()
    yield
    STAGES.append(f"{name} {cpu_seconds() - begun:.1f} s")


def import_theirs(path: Path, *, bulk: bool = False) -> None:
    """Preview and confirm, as its admin does."""
    import tablib  # noqa: PLC0415

    made = resource_class(bulk=bulk)
    for dry_run in (True, False):
        data = tablib.Dataset().load(path.read_bytes(), format="xlsx")
        result = made().import_data(data, dry_run=dry_run, raise_errors=True)
        if result.has_validation_errors():
            raise SystemExit(str(result.invalid_rows[0].error))


def import_raw(path: Path) -> None:
    import python_calamine  # noqa: PLC0415

    python_calamine.CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()


def export_ours(path: Path) -> None:
    from outreach.models import Station  # noqa: PLC0415
    from portal.kit.workbooks.exports import write_table  # noqa: PLC0415

    user = staff()
    write_table(
        path, "xlsx", "联络站点", list_table()(Station.objects.permitted(user).select_related("area__parent")), "", user
    )


def export_theirs(path: Path) -> None:
    from outreach.models import Station  # noqa: PLC0415

    rows = Station.objects.select_related("area__parent").order_by("pk")
    path.write_bytes(resource_class(export=True)().export(rows).export("xlsx"))


def export_raw(path: Path) -> None:
    """As many equal cells, without a database."""
    import xlsxwriter  # noqa: PLC0415

    row = next(rows_of(1, changed=False))[: len(HEADS)]
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("联络站点")
        for number in range(int(os.environ["BENCH_ROWS"])):
            for column, value in enumerate(row):
                sheet.write_string(number, column, value)


CASES: dict[str, Callable[[Path], None]] = {
    "import ours": import_ours, "import theirs": import_theirs, "import bulk": lambda path: import_theirs(path, bulk=True),
    "import raw": import_raw, "export ours": export_ours, "export theirs": export_theirs, "export raw": export_raw,
}  # fmt: skip


def staff() -> Any:
    from portal.accounts.models import User  # noqa: PLC0415

    return User.objects.filter(grants__role="staff").order_by("pk").first()


def list_table() -> Any:
    """The same ten columns as the other side's."""
    from outreach.models import Station  # noqa: PLC0415
    from portal.kit.tables import Column, Table  # noqa: PLC0415

    class StationTable(Table):
        township = Column("乡镇（街道）", "area.parent.name")
        village = Column("村（社区）", "area.name")

        class Meta:
            model = Station
            fields = ["township", "village", *FIELDS]

    return StationTable


def resource_class(*, bulk: bool = False, export: bool = False) -> Any:
    """A ModelResource for the same columns, labels and checks."""
    from import_export import fields, resources, widgets  # noqa: PLC0415

    from organizations.models import Area  # noqa: PLC0415
    from outreach.models import Station  # noqa: PLC0415

    class VillageWidget(widgets.ForeignKeyWidget):
        def get_queryset(self, value, row, *args, **kwargs):
            return Area.objects.filter(parent__name=row["乡镇（街道）"])

    class LabelWidget(widgets.Widget):
        def clean(self, value, row=None, **kwargs):
            return next(key for key, label in Station.Kind.choices if label == value)

        def render(self, value, obj=None, **kwargs):
            return Station.Kind(value).label if value else ""

    class WorkWidget(widgets.Widget):
        labels = dict(Station._meta.get_field("fields_of_work").choices)

        def clean(self, value, row=None, **kwargs):
            return [key for key, label in self.labels.items() if label in str(value).split("、")]

        def render(self, value, obj=None, **kwargs):
            return "、".join(str(self.labels[key]) for key in value)

    special = {"kind": LabelWidget(), "fields_of_work": WorkWidget(), "since": widgets.DateWidget("%Y-%m-%d")}
    columns = {
        name: fields.Field(attribute=name, column_name=head, widget=special.get(name, widgets.CharWidget()))
        for name, head in zip(FIELDS, HEADS[2:], strict=True)
    }
    meta = type("Meta", (), {
        "model": Station, "import_id_fields": ("area", "name"), "fields": ("area", *FIELDS),
        "clean_model_instances": True, "skip_unchanged": not bulk, "report_skipped": True, "use_bulk": bulk, "skip_diff": bulk,
        "batch_size": 1000,
    })  # fmt: skip
    place = {"area": fields.Field(attribute="area", column_name=HEADS[1], widget=VillageWidget(Area, "name"))}
    if export:
        place = {"township": fields.Field(attribute="area__parent__name", column_name=HEADS[0], readonly=True), **place}
    return type("StationResource", (resources.ModelResource,), {**place, **columns, "Meta": meta})


# measuring


def worker(case: str, path: Path) -> None:
    """Carry one case out and print what it took."""
    import django  # noqa: PLC0415

    django.setup()
    from django.db import connection  # noqa: PLC0415

    importlib.import_module("portal.wsgi")  # the collector's settings, as gunicorn has them
    importlib.import_module("portal.urls")  # an idle worker has loaded everything
    staff()
    spent = [0.0]

    def timed(execute, *call):
        begun = time.perf_counter()
        try:
            return execute(*call)
        finally:
            spent[0] += time.perf_counter() - begun

    profile = cProfile.Profile() if os.environ.get("BENCH_PROFILE") else None
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins here
    before, watch = status("self", "VmRSS"), Watch() if os.environ.get("BENCH_MEMORY") else None
    cpu, wall = cpu_seconds(), time.perf_counter()
    with connection.execute_wrapper(timed):
        if profile:
            profile.runcall(CASES[case], path)
        else:
            CASES[case](path)
    used = cpu_seconds() - cpu, time.perf_counter() - wall, spent[0], status("self", "VmHWM") - before
    print(" ".join(f"{value:.3f}" for value in (*used, watch.stop() if watch else 0)))
    print("; ".join(STAGES))
    if profile:
        pstats.Stats(profile, stream=sys.stderr).sort_stats("cumulative").print_stats(45)


def cpu_seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def status(pid: str, name: str) -> float:
    """VmRSS (memory now) or VmHWM (its peak) of a process, in megabytes; Linux counts kilobytes."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith(f"{name}:")), 0)


class Watch(threading.Thread):
    """The highest memory of a child process while a case runs; in a run of its own, since looking costs time."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.highest, self.over = 0.0, threading.Event()
        self.start()

    def run(self) -> None:
        while not self.over.wait(0.002):
            for path in Path("/proc/self/task").glob("*/children"):
                for pid in path.read_text(encoding="ascii").split():
                    self.highest = max(self.highest, status(pid, "VmHWM"))

    def stop(self) -> float:
        self.over.set()
        self.join()
        return self.highest


def environment(folder: Path) -> dict[str, str]:
    return {
        **os.environ, "DATA_DIR": str(folder), "DATABASE_URL": "", "DEBUG": "false", "DEMO": "true", "BENCH": "true",
        "DJANGO_SETTINGS_MODULE": "portal.settings", "SECRET_KEY": "only-for-the-benchmark-" * 3, "ALLOWED_HOSTS": "testserver",
    }  # fmt: skip


def run(folder: Path, *arguments: str, **more: str) -> str:
    command = [sys.executable, "-m", "tests.benchmarks.workbooks", *arguments]
    done = subprocess.run(
        command, cwd=ROOT, env={**environment(folder), **more}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(done.stdout + done.stderr)
    sys.stderr.write(done.stderr if os.environ.get("BENCH_PROFILE") else "")
    return done.stdout


def prepare(rows: int, path: Path) -> None:
    """A database that holds `rows` stations, and a file of twice as many to import."""
    import django  # noqa: PLC0415

    django.setup()
    from django.core.management import call_command  # noqa: PLC0415

    call_command("migrate", verbosity=0)
    call_command("load_scale", counties=1, verbosity=0)
    store(rows)
    if path.name.endswith(".xlsx"):
        write_file(path, rows_of(rows * 2, changed=True))


def measured(kind: str, case: str, rows: int, made: Path) -> Measured:
    """The better of the runs, each on a fresh copy of the database; memory is that of a run of its own."""
    runs = [one_run(kind, case, rows, made) for _ in range(RUNS if case in {"ours", "raw"} else 1)]
    best = min(runs, key=lambda one: one.cpu)
    watched = one_run(kind, case, rows, made, BENCH_MEMORY="1") if case == "ours" else best
    return best._replace(memory=watched.memory, child=watched.child)


def one_run(kind: str, case: str, rows: int, made: Path, **more: str) -> Measured:
    with tempfile.TemporaryDirectory(prefix="tongxin-bench-") as name:
        folder = Path(name) / "data"
        shutil.copytree(made, folder)
        said = run(folder, "worker", f"{kind} {case}", str(folder / "stations.xlsx"), BENCH_ROWS=str(rows), **more)
    numbers, _, stages = said.rstrip("\n").partition("\n")
    found = dict(zip(("cpu", "wall", "database", "memory", "child"), map(float, numbers.split()), strict=True))
    return Measured(**found, stages=stages)


def results(kind: str, cases: tuple[str, ...], sizes: tuple[int, ...]) -> dict[tuple[str, int], Measured]:
    found = {}
    for rows in sizes:
        with tempfile.TemporaryDirectory(prefix="tongxin-bench-") as name:
            folder = Path(name)
            path = folder / "stations.xlsx" if kind == "import" else folder / "none"
            run(folder, "prepare", str(rows // 2 if kind == "import" else rows), str(path))
            for case in cases:
                found[case, rows] = measured(kind, case, rows, folder)
                print(f"{kind} {case} {rows}: {found[case, rows]}", flush=True)
    return found


# telling


COLUMNS = ["rows", "CPU s", "wall s", "of it database s", "memory above idle MB", "reading child MB", "CPU, ours = 1"]


def table(kind: str, found: dict[tuple[str, int], Measured]) -> str:
    lines = [f"| {' | '.join([kind, *COLUMNS])} |", "| --- |" + " ---: |" * len(COLUMNS)]
    for (case, rows), one in found.items():
        seconds = [f"{getattr(one, name):.2f}" for name in ("cpu", "wall", "database")]
        ratio = one.cpu / found["ours", rows].cpu
        cells = [LABELS[case], f"{rows:,}", *seconds, f"{one.memory:.0f}", f"{one.child:.0f}", f"{ratio:.1f}"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def verdicts(imports: dict[tuple[str, int], Measured], exports: dict[tuple[str, int], Measured]) -> str:
    """Each goal of the issue with what was measured."""
    few, many = IMPORTS
    some, most = EXPORTS
    default = imports["theirs", many].cpu / imports["ours", many].cpu
    bulk = imports["bulk", many].cpu / imports["ours", many].cpu
    written = exports["theirs", some].cpu / exports["ours", some].cpu
    growth = imports["ours", many].cpu / imports["ours", few].cpu
    flat = exports["ours", most].memory - exports["ours", some].memory
    limits = {
        kind: (found["ours", rows].cpu - found["ours", rows].database) / found["raw", rows].cpu
        for kind, found, rows in (("import", imports, many), ("export", exports, most))
    }
    goals = [
        (f"import of {many:,} rows against its default mode ≥ 20 ×", f"{default:.1f} ×", default >= 20),
        (f"import of {many:,} rows against its bulk mode ≥ 12 ×", f"{bulk:.1f} ×", bulk >= 12),
        (f"export of {some:,} rows ≥ 4 ×", f"{written:.1f} ×", written >= 4),
        ("memory of an import ≤ 100 MB above idle", f"{imports['ours', many]['memory']:.0f} MB", imports["ours", many].memory <= 100),
        (f"memory of an export from {some:,} to {most:,} rows: ≤ 25 MB more", f"{flat:.0f} MB", flat <= 25),
        (f"{many:,} rows imported in ≤ 4.4 × the time of {few:,}", f"{growth:.1f} ×", growth <= 4.4),
        ("import without the database's time ≤ 2 × reading the cells", f"{limits['import']:.1f} ×", limits["import"] <= 2),
        ("export without the database's time ≤ 2 × writing the cells", f"{limits['export']:.1f} ×", limits["export"] <= 2),
    ]  # fmt: skip
    lines = ["| goal | measured | |", "| --- | ---: | --- |"]
    return "\n".join(
        [*lines, *(f"| {goal} | {value} | {'held' if held else 'missed'} |" for goal, value, held in goals)]
    )


def report() -> str:
    """The section of docs/benchmarks.md."""
    imports = results("import", IMPORT_CASES, IMPORTS)
    exports = results("export", EXPORT_CASES, EXPORTS)
    head = "## Workbooks\n\nAgainst django-import-export on the same model and rows (tests/benchmarks/workbooks.py says how), SQLite."
    words = f"CPU of the import of {IMPORTS[-1]:,} rows: {imports['ours', IMPORTS[-1]].stages}."
    return "\n\n".join([head, table("import", imports), words, table("export", exports), verdicts(imports, exports)])


if __name__ == "__main__":
    command, *rest = sys.argv[1:] or ["report"]
    if command == "worker":
        worker(rest[0], Path(rest[1]))
    elif command == "prepare":
        prepare(int(rest[0]), Path(rest[1]))
    else:
        print(report())
