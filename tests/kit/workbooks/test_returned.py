"""A refused upload given back: what is marked, what stays as it was, and that it can be uploaded again."""

import datetime as dt
import io
import subprocess
import zipfile

import openpyxl
import pytest
import python_calamine
from openpyxl.styles import Font, PatternFill
from openpyxl.worksheet.dimensions import ColumnDimension

from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.returned import (
    ERROR_HEADING,
    MOST_ROWS,
    ROW_HEADING,
    WRONG_CELL,
    WRONG_ROW,
    NotEditable,
    returned_rows,
    returned_workbook,
)
from portal.kit.workbooks.templates import template_workbook

HEADS = ["乡镇", "名称＊", "成立日期"]
ROWS = [["泉溪镇", "泉溪商会", dt.datetime(2022, 3, 1)], ["泉西镇", "=1+1", "去年"], ["石桥镇", "石桥商会", None]]
HEADINGS = {"组织": (2, 3)}
PROBLEMS = {("组织", 4): {0: "找不到乡镇“泉西镇”，是否为“泉溪镇”？", 2: "“去年”不是日期，应写成 2024-03-01。"}}


def upload(rows=ROWS, edit=None):
    """A file as people send it: a merged title, headings in row 2, a formula's look in a text."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "组织"
    sheet.append(["基层统战组织登记表"])
    sheet.merge_cells("A1:C1")
    sheet["A1"].font = Font(name="黑体", size=16)
    sheet.column_dimensions["B"].width = 33
    sheet.append(HEADS)
    for row in rows:
        sheet.append(row)
    for row in sheet.iter_rows(min_row=3, min_col=2, max_col=2):
        row[0].data_type = "s"
    if edit:
        edit(book)
    return saved(book)


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def given_back(content=None, problems=PROBLEMS, headings=HEADINGS):
    with returned_workbook(content or upload(), problems, headings) as file:
        assert file.tell() == 0
        return openpyxl.load_workbook(file)


def new(sheets, problems):
    with returned_rows(sheets, problems) as file:
        return openpyxl.load_workbook(file)


def colour(cell):
    return cell.fill.fgColor.rgb if cell.fill.fill_type else None


def values(sheet):
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


class TestMarks:
    def test_wrong_cells_are_red_and_others_are_not(self):
        sheet = given_back()["组织"]
        assert [colour(sheet[cell]) for cell in ("A4", "B4", "C4", "A3")] == [WRONG_CELL, None, WRONG_CELL, None]

    def test_the_reasons_stand_right_of_the_table_each_with_its_heading(self):
        sheet = given_back()["组织"]
        assert sheet["D2"].value == ERROR_HEADING
        assert (
            sheet["D4"].value == "找不到乡镇“泉西镇”，是否为“泉溪镇”？\n成立日期：“去年”不是日期，应写成 2024-03-01。"
        )
        assert (sheet["D3"].value, sheet["D5"].value) == (None, None)
        assert sheet["D4"].alignment.wrap_text
        assert sheet.row_dimensions[4].height > 30

    def test_what_is_wrong_with_a_whole_row_colours_the_row(self):
        sheet = given_back(problems={("组织", 5): {None: "与第 3 行重复，请删去一行。"}})["组织"]
        assert [colour(cell) for cell in sheet[5][:3]] == [WRONG_ROW] * 3
        assert sheet["D5"].value == "与第 3 行重复，请删去一行。"

    def test_a_row_without_words_says_where_to_look(self):
        assert "网页" in given_back(problems={("组织", 5): {}})["组织"]["D5"].value

    def test_a_lacking_value_gets_a_cell_that_keeps_texts(self):
        def text_column(book):
            book["组织"].column_dimensions["C"].number_format = "@"

        sheet = given_back(upload(edit=text_column), {("组织", 9): {2: "请填写成立日期。"}})["组织"]
        assert (colour(sheet["C9"]), sheet["C9"].number_format) == (WRONG_CELL, "@")

    def test_in_a_merged_range_the_cell_that_is_seen_is_marked(self):
        sheet = given_back(upload(edit=lambda book: book["组织"].merge_cells("A3:A5")))["组织"]
        assert colour(sheet["A3"]) == WRONG_CELL

    def test_notes_beside_the_table_are_not_written_over(self):
        def note(book):
            book["组织"]["D5"] = "我的备注"

        sheet = given_back(upload(edit=note))["组织"]
        assert (sheet["D5"].value, sheet["E2"].value) == ("我的备注", ERROR_HEADING)

    def test_sheets_without_problems_get_no_column(self):
        content = upload(edit=lambda book: book.create_sheet("名册").append(["姓名"]))
        assert values(given_back(content, headings={**HEADINGS, "名册": (1, 1)})["名册"]) == [["姓名"]]


class TestWhatStays:
    def test_fonts_merged_cells_and_widths(self):
        sheet = given_back()["组织"]
        assert sheet["A1"].font.name == "黑体"
        assert [str(ranged) for ranged in sheet.merged_cells.ranges] == ["A1:C1"]
        assert sheet.column_dimensions["B"].width == 33
        assert sheet["C3"].value == dt.datetime(2022, 3, 1)

    def test_a_text_never_becomes_a_formula(self):
        problems = {("组织", 4): {None: "=cmd|' /C calc'!A0", 1: "+1\x00"}}
        sheet = given_back(problems=problems)["组织"]
        assert (sheet["B4"].value, sheet["B4"].data_type) == ("=1+1", "s")
        assert (sheet["D4"].data_type, sheet["D4"].quotePrefix) == ("s", True)
        assert sheet["D4"].value == "=cmd|' /C calc'!A0\n名称：+1"

    def test_the_drop_downs_and_comments_of_a_template(self):
        columns = [
            Column("township", "乡镇", Kind.REFERENCE, sample="示例镇"),
            Column("village", "村", Kind.REFERENCE, within="township", sample="示例村"),
        ]
        options = {"township": ["泉溪镇"], "village": {"泉溪镇": ["大河村"]}}
        made = template_workbook("组织", columns, options).read()
        book = given_back(made, {("组织", 3): {0: "请填写乡镇。"}}, {"组织": (1, 2)})
        sheet = book["组织"]
        assert {str(rule.sqref) for rule in sheet.data_validations.dataValidation} == {"A1:B1", "A2:A5001", "B2:B5001"}
        assert list(book.defined_names) == ["选项_1", "选项_2", "选项_3"]
        assert book["选项"].sheet_state == "hidden"
        assert "选填" in sheet["A1"].comment.text
        assert (sheet["A2"].value, sheet["A3"].number_format) == ("示例镇", "@")

    @pytest.mark.parametrize(("first", "last"), [(3, 16384), (4, 16384), (2, 4), (4, 5)])
    def test_a_width_that_spans_columns_is_parted(self, first, last):
        """WPS writes one entry to the last column; two that overlap are a damaged file for Excel."""

        def wide(book):
            sheet = book["组织"]
            letter = openpyxl.utils.get_column_letter(first)
            sheet.column_dimensions[letter] = ColumnDimension(sheet, index=letter, min=first, max=last, width=9)

        file = io.BytesIO()
        given_back(upload(edit=wide)).save(file)
        spans = spans_of(file.getvalue())
        assert all(before[1] < after[0] for before, after in zip(spans, spans[1:], strict=False))
        assert (4, 4) in spans
        assert max(span[1] for span in spans) == max(last, 4)


def spans_of(content):
    book = openpyxl.load_workbook(io.BytesIO(content))
    return sorted((held.min, held.max) for held in book["组织"].column_dimensions.values())


class TestUploadedAgain:
    def corrected(self):
        book = given_back()
        sheet = book["组织"]
        sheet["A4"] = "泉溪镇"
        return saved(book)

    def test_the_column_is_used_again_and_its_old_words_are_gone(self):
        sheet = given_back(self.corrected(), {("组织", 5): {2: "请填写成立日期。"}}, {"组织": (2, 4)})["组织"]
        assert [cell.value for cell in sheet[2]] == [*HEADS, ERROR_HEADING]
        assert (sheet["D4"].value, sheet["D5"].value) == (None, "请填写成立日期。")

    def test_red_of_the_last_time_is_taken_away_and_a_persons_own_colour_stays(self):
        book = openpyxl.load_workbook(io.BytesIO(self.corrected()))
        book["组织"]["B3"].fill = PatternFill("solid", fgColor="FFFFC000")
        sheet = given_back(saved(book), {("组织", 5): {2: "请填写成立日期。"}}, {"组织": (2, 4)})["组织"]
        assert [colour(sheet[cell]) for cell in ("A4", "C4", "C5", "B3")] == [None, None, WRONG_CELL, "FFFFC000"]

    def test_without_problems_the_file_is_clean(self):
        sheet = given_back(self.corrected(), {}, {"组织": (2, 4)})["组织"]
        assert not any(colour(cell) in {WRONG_CELL, WRONG_ROW} for row in sheet.iter_rows(min_row=3) for cell in row)


class TestLargeFiles:
    @pytest.fixture
    def content(self):
        book = openpyxl.Workbook(write_only=True)
        sheet = book.create_sheet("组织")
        sheet.append(["登记表"])
        sheet.append([*HEADS, ERROR_HEADING])
        for number in range(MOST_ROWS + 10):
            sheet.append([f"泉溪{number}镇", "+86", dt.date(2022, 3, 1), "上次的说明"])
        return saved(book)

    def test_only_the_wrong_rows_come_back_with_their_numbers(self, content):
        problems = {("组织", 5000): {0: "找不到乡镇。"}, ("组织", 7): {None: "与第 6 行重复。"}}
        rows = values(given_back(content, problems, {"组织": (2, 4)})["组织"])
        assert "只列出有问题的 2 行" in rows[0][0]
        assert rows[1:] == [
            [ROW_HEADING, *HEADS, ERROR_HEADING],
            [7, "泉溪4镇", "+86", dt.datetime(2022, 3, 1), "与第 6 行重复。"],
            [5000, "泉溪4997镇", "+86", dt.datetime(2022, 3, 1), "找不到乡镇。"],
        ]

    def test_its_cells_are_red_and_its_texts_texts(self, content):
        sheet = given_back(content, {("组织", 7): {0: "找不到乡镇。"}}, {"组织": (2, 4)})["组织"]
        assert [colour(cell) for cell in sheet[3]] == [None, WRONG_CELL, None, None, WRONG_ROW]
        assert (sheet["C3"].data_type, sheet["C3"].number_format) == ("s", "@")

    def test_a_small_file_of_endless_merged_cells_is_not_edited(self):
        given = upload(edit=lambda book: book["组织"].merge_cells("E5:F6"))
        grown = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(given)) as source, zipfile.ZipFile(grown, "w") as target:
            for name in source.namelist():
                target.writestr(name, source.read(name).replace(b'ref="E5:F6"', b'ref="E5:XFD1048576"'))
        rows = values(given_back(grown.getvalue())["组织"])
        assert rows[2][:3] == [4, "泉西镇", "=1+1"]


class TestFilesOfOtherKinds:
    SHEET = ("组织", ["编号", "名称", ERROR_HEADING], [(3, ["007", "=1+1", "旧"]), (5, [None, "名" * 3])], [1, 2, 4])

    def test_all_rows_come_back_in_a_new_workbook(self):
        sheet = new([self.SHEET], {("组织", 5): {1: "请填写编号。"}})["组织"]
        assert values(sheet) == [
            [ROW_HEADING, "编号", "名称", ERROR_HEADING], [3, "007", "=1+1", None], [5, None, "名名名", "请填写编号。"],
        ]  # fmt: skip
        assert [colour(cell) for cell in sheet[3]] == [None, WRONG_CELL, None, WRONG_ROW]
        assert (sheet["C2"].data_type, sheet["B3"].number_format) == ("s", "@")

    def test_of_many_only_the_wrong_ones(self):
        rows = [(number, ["x"]) for number in range(2, MOST_ROWS + 3)]
        sheet = new([("a", ["名称"], rows, [0])], {("a", 9): {0: "名称太短。"}})["a"]
        assert [row[0] for row in values(sheet)[1:]] == [ROW_HEADING, 9]
        assert values(sheet)[2] == [9, "x", "名称太短。"]

    @pytest.mark.parametrize(
        ("value", "read"),
        [
            (dt.date(2022, 3, 1), dt.date(2022, 3, 1)), (dt.datetime(2022, 3, 1), dt.date(2022, 3, 1)),
            (dt.datetime(2022, 3, 1, 8, 30), dt.datetime(2022, 3, 1, 8, 30)), (12.5, 12.5), (True, "是"), (dt.time(8, 30), "08:30:00"),
            (float("inf"), "inf"), (dt.datetime(1899, 12, 30, 5), "1899-12-30 05:00:00"), ("<r>&</r>", "<r>&</r>"),
        ],
    )  # fmt: skip
    def test_a_cell_stays_what_it_is(self, value, read):
        with returned_rows([("a", ["甲"], [(2, [value])], [0])], {}) as file:
            rows = python_calamine.load_workbook(file).get_sheet_by_index(0).to_python()
        assert rows[1][1] == read


def test_what_cannot_be_edited_says_so():
    with pytest.raises(NotEditable):
        returned_workbook(b"PK\x03\x04", PROBLEMS, HEADINGS)
    with pytest.raises(NotEditable):
        returned_workbook(upload(), PROBLEMS, {"没有这个工作表": (1, 1)})


def test_libreoffice_opens_what_is_given_back(tmp_path):
    with returned_workbook(upload(), PROBLEMS, HEADINGS) as file:
        (tmp_path / "given.xlsx").write_bytes(file.read())
    subprocess.run(
        ["soffice", f"-env:UserInstallation=file://{tmp_path}/profile", "--headless", "--convert-to", "csv:Text - txt - csv (StarCalc):44,34,76",
         "--outdir", tmp_path, tmp_path / "given.xlsx"], check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    lines = (tmp_path / "given.csv").read_text("utf-8-sig").splitlines()
    assert lines[1] == f"{','.join(HEADS)},{ERROR_HEADING}"
    assert lines[3].startswith("泉西镇,=1+1,去年,")
