"""What a heading means: by name, by synonym, as chosen last time, by content; what is unclear is asked, nothing is dropped."""

import pytest

from portal.kit.workbooks.blocks import Block, Row, nameless
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.matching import Match, known_heads, match, plain_head

COLUMNS = [
    Column("organization", "组织", Kind.REFERENCE, synonyms=("组织名称", "单位")),
    Column("name", "姓名", required=True, synonyms=("名字", "人员")),
    Column("kind", "类别", Kind.CHOICE, choices=[("a", "商会"), ("b", "联谊会")]),
    Column("phone", "联系电话", Kind.PHONE, synonyms=("电话", "手机"), looks_like=lambda text: text.isdigit() and len(text) == 11),
    Column("second", "备用电话", Kind.PHONE, looks_like=lambda text: text.isdigit() and len(text) == 11),
    Column("post", "单位", synonyms=("职务",)),
]  # fmt: skip
PHONES = ["13800000001", "13800000002", "13800000003", "13800000004", "无"]


def matched(columns=COLUMNS, remembered=None, **cells):
    """heading → its match, for a table with those headings and cells; a heading may be given twice as 名_2."""
    heads = [head.removesuffix("_2") for head in cells]
    rows = [Row("表", number, list(row)) for number, row in enumerate(zip(*cells.values(), strict=True), 2)]
    found = match(Block("表", 1, heads, list(range(len(heads))), rows), columns, remembered or {})
    return dict(zip(cells, found, strict=True))


class TestByName:
    @pytest.mark.parametrize(
        "head",
        [
            "姓名",
            " 姓 名 ",
            "姓　名",
            "＊姓名",
            "姓名*",
            "姓名（必填）",
            "姓名(选填)：",
            "姓\n名",
            "姓名必填",
            "基本情况 / 姓名",
            "名字",
        ],
    )
    def test_a_heading_is_known_however_it_is_decorated(self, head):
        assert matched(**{head: ["张某甲"]})[head] == Match("name", True, "同名")

    def test_a_label_wins_over_the_synonym_of_another_column(self):
        assert known_heads(COLUMNS)["单位"] == "post"

    def test_a_synonym_that_two_columns_claim_is_asked_about(self):
        columns = [Column("a", "甲", synonyms=("丙",)), Column("b", "乙", synonyms=("丙",))]
        assert matched(columns, 丙=["1"])["丙"] == Match(None, False)

    def test_the_lower_part_of_a_joined_head_goes_first(self):
        assert matched(**{"组织 / 电话": ["1"]})["组织 / 电话"].column == "phone"

    def test_words_in_brackets_that_say_something_stay(self):
        assert plain_head("电话（座机）") == "电话(座机)"


class TestUnclear:
    def test_a_misspelt_heading_is_proposed_and_asked_about(self):
        assert matched(联系电活=["x"])["联系电活"] == Match("phone", False, "近似")

    def test_one_near_a_column_that_is_taken_is_asked_about_without_a_proposal(self):
        assert matched(联系电话=["1"], 联系电活=["x"])["联系电活"] == Match(None, False)

    def test_an_unknown_heading_is_asked_about_even_over_empty_cells(self):
        assert matched(籍贯=[None])["籍贯"] == Match(None, False)

    def test_a_column_is_given_once_the_second_is_asked_about(self):
        found = matched(联系电话=["1"], 手机=["2"])
        assert found["联系电话"] == Match("phone", True, "同名")
        assert found["手机"] == Match(None, False, "重复")

    def test_the_same_heading_twice(self):
        assert [one.sure for one in matched(姓名=["甲"], 姓名_2=["乙"]).values()] == [True, False]


class TestByContent:
    def test_what_mostly_looks_like_a_column_is_proposed(self):
        assert matched(怎么找到他=PHONES)["怎么找到他"] == Match("phone", False, "按内容")

    def test_a_column_with_many_others_is_not(self):
        assert matched(怎么找到他=[*PHONES[:3], "张某甲", "李某乙"])["怎么找到他"].column is None

    def test_labels_of_a_closed_list_are_known(self):
        assert matched(哪一种=["商会", "联谊会", "商会"])["哪一种"] == Match("kind", False, "按内容")

    def test_what_is_taken_by_name_is_not_proposed_again(self):
        assert matched(联系电话=PHONES, 甲=PHONES)["甲"].column == "second"

    def test_two_unknown_columns_get_two_proposals(self):
        found = matched(甲=PHONES, 乙=PHONES, 丙=PHONES)
        assert [one.column for one in found.values()] == ["phone", "second", None]
        assert not any(one.sure for one in found.values())

    def test_a_column_without_a_heading_is_asked_about(self):
        assert matched(**{nameless(3): PHONES})["D 列（没有列名）"] == Match("phone", False, "按内容")


class TestRemembered:
    def test_the_last_choice_decides(self):
        found = matched(remembered={"怎么找到他": "second"}, 怎么找到他=PHONES)
        assert found["怎么找到他"] == Match("second", True, "上次选择")

    def test_it_wins_over_the_name(self):
        assert matched(remembered={"电话": "second"}, 电话=PHONES)["电话"].column == "second"

    def test_not_to_import_a_column_is_remembered_too(self):
        assert matched(remembered={"籍贯": ""}, 籍贯=["x"])["籍贯"] == Match("", True, "上次选择")

    def test_a_column_that_is_gone_is_asked_about_again(self):
        assert matched(remembered={"籍贯": "birthplace"}, 籍贯=["x"])["籍贯"] == Match(None, False)

    def test_a_column_without_a_heading_is_another_one_in_every_file(self):
        head = nameless(4)
        assert not matched(remembered={head: ""}, **{head: ["x"]})[head].sure

    def test_a_remembered_column_is_not_given_to_its_namesake_as_well(self):
        found = matched(remembered={"座机": "phone"}, 座机=["1"], 联系电话=["2"])
        assert found["座机"].sure
        assert not found["联系电话"].sure


class TestRunningNumbers:
    @pytest.mark.parametrize("head", ["序号", "序 号", "编号", "No.", "NO"])
    def test_are_left_out(self, head):
        found = matched(**{head: [1.0, 2.0, "3"]})[head]
        assert (found.column, found.sure) == ("", True)

    @pytest.mark.parametrize("cells", [["QX-1", "QX-2"], ["7", "3"], ["5", "5"]])
    def test_numbers_that_say_something_are_asked_about(self, cells):
        assert matched(编号=cells)["编号"] == Match(None, False)

    def test_a_register_with_numbers_of_its_own_takes_them(self):
        columns = [Column("number", "编号", Kind.CODE)]
        assert matched(columns, 编号=["1", "2"])["编号"].column == "number"


@pytest.mark.parametrize(("index", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (51, "AZ"), (199, "GR")])
def test_columns_are_called_as_the_spreadsheet_calls_them(index, letters):
    assert nameless(index) == f"{letters} 列（没有列名）"
