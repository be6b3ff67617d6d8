"""Tables of areas: the two real counties, bad files, a later vintage."""

import datetime as dt
import io
import json
from pathlib import Path

from django.conf import settings
from django.core.management import call_command
from django.test import TestCase

from organizations.area_files import core, read
from organizations.models import Area, AreaVersion, Level
from organizations.services.loading import load_areas
from portal.audit.models import AuditEntry
from portal.kit.pinyin import spelling

AREAS = Path(settings.BASE_DIR) / "fixtures" / "areas"
OLD = Path(__file__).parent / "data" / "zhuxi_2021.csv"
HEAD = "code,name,level,kind,parent_code\n"
COUNTY = "420324000000,竹溪县,county,,\n"
TOWN = "420324100000,城关镇,township,镇,420324000000\n"
ON = dt.date(2022, 1, 1)


def load(*names, **options):
    contents = [(AREAS / f"{name}.csv").read_bytes() for name in names]
    return load_areas(contents, **{"on": ON, "not_counted": (AREAS / "not_counted.csv").read_bytes(), **options})


class RealCountyTests(TestCase):
    def test_zhuxi_has_15_townships_and_297_counted_of_320_villages(self):
        report = load("zhuxi")
        assert (report.new, report.changed, report.unchanged, report.errors, report.questions) == (336, 0, 0, [], [])
        townships, villages = Area.objects.at(Level.TOWNSHIP), Area.objects.at(Level.VILLAGE)
        assert (townships.count(), villages.count(), villages.filter(counted=True).count()) == (15, 320, 297)
        assert AreaVersion.objects.count() == 336
        assert AuditEntry.objects.filter(action="imported").count() == 1

    def test_danjiangkou_counts_20_townships_and_234_villages(self):
        load("danjiangkou")
        townships, villages = Area.objects.at(Level.TOWNSHIP), Area.objects.at(Level.VILLAGE)
        assert (townships.count(), townships.filter(counted=True).count()) == (21, 20)
        assert (villages.count(), villages.filter(counted=True).count()) == (268, 234)

    def test_the_same_file_again_changes_nothing(self):
        load("zhuxi")
        entries = AuditEntry.objects.count()
        report = load("zhuxi", on=dt.date(2023, 1, 1))
        assert (report.new, report.changed, report.unchanged, report.questions) == (0, 0, 336, [])
        assert AuditEntry.objects.count() == entries

    def test_a_trial_saves_nothing(self):
        assert load("zhuxi", dry_run=True).new == 336
        assert not Area.objects.exists()

    def test_a_later_vintage_renames_and_asks_instead_of_guessing(self):
        load_areas([OLD.read_bytes()], on=dt.date(2021, 1, 1))
        report = load("zhuxi", on=dt.date(2023, 1, 1))
        assert report.errors == []
        assert report.changed >= 17
        kinds = [question["kind"] for question in report.questions]
        assert (
            kinds.count("gone") + kinds.count("recode") == 31
        )  # 8 state farms and 31 villages are gone from the table
        assert Area.objects.existing(dt.date(2023, 1, 1)).count() >= 336  # and none of them was closed
        renamed = AreaVersion.objects.filter(until=dt.date(2022, 12, 31)).first()
        assert renamed is not None


class VintageTests(TestCase):
    def load(self, *lines, on=dt.date(2024, 1, 1), **options):
        return load_areas([(HEAD + "\n".join(lines)).encode()], on=on, **options)

    def setUp(self):
        self.load(COUNTY + TOWN + "420324100201,甲村,,,\n420324100202,乙村,,,", on=ON)

    def questions(self, report):
        return [(question["kind"], question["code"], question["candidates"]) for question in report.questions]

    def test_a_missing_village_is_asked_about_where_the_township_is_whole(self):
        report = self.load(COUNTY + TOWN + "420324100201,甲村,,,")
        assert self.questions(report) == [("gone", "420324100202", [])]
        assert Area.objects.filter(until=None).count() == 4

    def test_a_partial_file_asks_nothing(self):
        assert self.load(COUNTY + TOWN).questions == []  # townships only
        report = self.load("420324100203,丙村,,,")
        assert (report.new, report.questions, report.errors) == (1, [], [])

    def test_a_township_with_a_new_code_is_held_back_with_all_below_it(self):
        lines = ["420324101000,城关镇,,,", "420324101201,甲村,,,", "420324101202,乙村,,,", "420324101203,丙村,,,"]
        report = self.load(COUNTY + "\n".join(lines))
        assert self.questions(report) == [
            ("recode", "420324100000", ["420324101000"]), ("recode", "420324100201", ["420324101201"]),
            ("recode", "420324100202", ["420324101202"]),
        ]  # fmt: skip
        assert (report.new, report.errors, Area.objects.count()) == (0, [], 4)

    def test_another_name_under_a_known_code_is_a_question(self):
        report = self.load("420324100201,丁村,,,")
        assert self.questions(report) == [("review", "420324100201", ["420324100201"])]
        assert Area.objects.filter(name="甲村").exists()

    def test_a_village_that_became_a_community_changes_its_kind(self):
        report = self.load("420324100201,甲社区,,,")
        assert (report.changed, report.questions) == (1, [])
        area = Area.objects.get(code="420324100201")
        assert (area.name, area.kind) == ("甲社区", "community")
        assert [version.kind for version in area.versions.order_by("since")] == ["village", "community"]

    def test_a_corrected_kind_is_not_overwritten(self):
        Area.objects.filter(code="420324100201").update(kind="community")
        report = self.load("420324100201,甲村,,,")
        assert (report.changed, report.warnings[0].column) == (0, "kind")

    def test_a_name_that_a_sibling_carries_is_an_error_with_its_row(self):
        report = self.load("420324100209,甲村,,,")
        assert [(problem.row, problem.column) for problem in report.errors] == [(2, "name")]
        report = self.load("420324100301,甲社区,,,", "420324100202,甲社区,,,")
        assert report.errors

    def test_nothing_is_older_than_its_parent(self):
        report = self.load("420324100203,丙村,,,", on=dt.date(2021, 1, 1))
        assert "不能更早" in report.errors[0].message

    def test_one_county_is_taken_out_of_a_file_of_many(self):
        lines = "420381000000,丹江口市,,,", "420381100000,六里坪镇,,,", "420381100201,蒿口村,,,"
        report = self.load(COUNTY + "\n".join(lines), county="420381")
        assert (report.new, report.errors, report.questions) == (3, [], [])

    def test_a_list_of_not_counted_needs_its_head_and_reasons(self):
        for content in (b"code,name\n420324100201,x\n", f"code,reason\n420324100201,{'长' * 201}\n".encode()):
            report = self.load("420324100201,甲村,,,", not_counted=content)
            assert report.errors[0].column == "reason"


class CommandTests(TestCase):
    def run_command(self, *files, **options):
        out = io.StringIO()
        try:
            call_command("load_areas", *files, json=True, stdout=out, **options)
            code = 0
        except SystemExit as error:
            code = error.code
        return code, json.loads(out.getvalue())

    def test_it_prints_counts(self):
        code, answer = self.run_command(AREAS / "zhuxi.csv", on=ON)
        assert (code, answer["new"], answer["changed"], answer["unchanged"]) == (0, 336, 0, 0)

    def test_errors_end_with_1_and_save_nothing(self):
        path = Path(settings.DATA_DIR) / "bad.csv"
        path.write_text(HEAD + COUNTY + "4.20324E+11,城关镇,township,镇,420324000000\n", encoding="utf-8")
        code, answer = self.run_command(path)
        assert (code, answer["errors"][0]["row"], answer["errors"][0]["column"]) == (1, 3, "code")
        assert not Area.objects.exists()


BAD = [
    ("", 1, "code"),
    ("名称,代码\n甲,1\n", 1, "code"),
    ("code,level\n420324000000,county\n", 1, "name"),
    (HEAD + COUNTY + "4.20324E+11,城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + "420324100000.0,城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + "42032410000,城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + "４２０３２４１０００００,城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + "42032410000x,城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + ",城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + "-420324100000,城关镇,township,镇,420324000000\n", 3, "code"),
    (HEAD + COUNTY + TOWN + TOWN, 4, "code"),
    (HEAD + COUNTY + TOWN + "420324101000,城关镇,township,镇,420324000000\n", 4, "name"),
    (HEAD + COUNTY + "420324100000,,township,镇,420324000000\n", 3, "name"),
    (HEAD + COUNTY + "420324100000,　,township,镇,420324000000\n", 3, "name"),
    (HEAD + COUNTY + f"420324100000,{'长' * 61},township,镇,420324000000\n", 3, "name"),
    (HEAD + COUNTY + "420324100000,城关\x00镇,township,镇,420324000000\n", 3, "name"),
    (HEAD + COUNTY + "420324100000,城关\u202e镇,township,镇,420324000000\n", 3, "name"),
    (HEAD + COUNTY + "420324100000,城关镇,village,镇,420324000000\n", 3, "level"),
    (HEAD + COUNTY + "420324100000,城关镇,town,镇,420324000000\n", 3, "level"),
    (HEAD + COUNTY + "420324100000,城关镇,township,城,420324000000\n", 3, "kind"),
    (HEAD + COUNTY + "420324100000,城关镇,township,镇,420381000000\n", 3, "parent_code"),
    (HEAD + COUNTY + "420324100001,西关社区,village,社区,420324100000\n", 3, "parent_code"),
    (HEAD + TOWN, 2, "parent_code"),
    (HEAD + COUNTY + "420381000000,丹江口市,county,,\n", 3, "code"),
    ("code,name,levle\n420324000000,竹溪县,county\n", 1, "levle"),
    (HEAD + COUNTY + "420324100000,城关镇,township,镇,420324000000,多\n", 3, ""),
    ("code,name\n420324000000," + '"' + "长" * 140_000, 2, ""),
    (HEAD + COUNTY + TOWN + "\n\n420324100001,,village,社区,420324100000\n", 6, "name"),
]


class FileTests(TestCase):
    def test_every_error_of_a_bad_file_is_named_by_row_and_column(self):
        for text, row, column in BAD:
            with self.subTest(text=text[-60:]):
                found = [(problem.row, problem.column) for problem in read([text.encode()]).errors]
                assert (row, column) in found
                assert all(problem.message.endswith("。") for problem in read([text.encode()]).errors)

    def test_all_errors_come_in_one_pass(self):
        text = HEAD + COUNTY + "1,甲,township,镇,\n420324100000,,township,镇,420324000000\nx,乙,village,村,\n"
        assert len(read([text.encode()]).errors) == 3

    def test_gb18030_and_a_byte_order_mark_are_read(self):
        for content in ((HEAD + COUNTY).encode("gb18030"), (HEAD + COUNTY).encode("utf-8-sig")):
            assert read([content]).rows[0].name == "竹溪县"
        assert read([b"\xff\xfe\x00\x81"]).errors

    def test_the_package_format_of_three_files_is_read(self):
        files = [
            "code,name,cityCode,provinceCode\n420324,竹溪县,4203,42\n",
            "code,name,cityCode,provinceCode,areaCode\n420324100,城关镇,4203,42,420324\n",
            "code,name,cityCode,provinceCode,areaCode,streetCode\n420324100001,西关社区居委会,4203,42,420324,420324100\n",
        ]
        rows = read([text.encode() for text in files]).rows
        assert [(row.code, row.level, row.kind) for row in rows] == [
            ("420324000000", 1, "county"), ("420324100000", 2, "town"), ("420324100001", 3, "community"),
        ]  # fmt: skip

    def test_warnings_do_not_stop_a_load(self):
        text = (
            HEAD
            + COUNTY
            + TOWN
            + "420324100498,虚拟社区,village,社区,420324100000\n420324100201,西关社区,village,,420324100000\n"
        )
        found = read([text.encode()])
        assert [problem.column for problem in found.warnings] == ["code", "kind"]
        assert [row.name for row in found.rows] == ["竹溪县", "城关镇", "西关社区"]

    def test_names_are_compared_without_the_word_for_their_kind(self):
        assert core("土关垭村委会") == core("土关垭社区居民委员会") == "土关垭"
        assert spelling("水坪镇") == "shuipingzhen spz"
