"""Cells as people write them: a table for each kind of column, and what holds for any text."""

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from portal.kit.workbooks import cells
from portal.kit.workbooks.child import UNCOMPUTED
from portal.kit.workbooks.columns import Kind
from portal.kit.workbooks.imports import READERS

FIELDS = [
    ("", "---"),
    ("talent", "乡贤统战"),
    ("enterprise", "民营经济统战"),
    ("station", "联络站（点）"),
]
WIDE = str.maketrans("0123456789.-/+", "０１２３４５６７８９．－／＋")
ROUNDED = "科学计数法，已不完整。请把这一列设为文本后重新填写"
DAY = dt.date(2024, 3, 1)
TAKEN = {
    Kind.TEXT: [
        (None, ""), ("", ""), ("  张某甲 ", "张某甲"), ("张\u3000某甲", "张 某甲"), ("Ａ１座（东）", "A1座（东）"), ("一\n 二", "一\n二"),
        ("无", ""), (" — ", ""), ("／", ""), ("N/A", ""), ("——", ""), ("暂无", ""), ("无忧商会", "无忧商会"), ("\u200b张\ufeff某", "张某"),
        (30.0, "30"), (12.5, "12.5"), (0.1 + 0.2, "0.3"), (5, "5"), (True, "是"), (False, "否"), (dt.datetime(2024, 3, 1), "2024-03-01"),
        (dt.datetime(2024, 3, 1, 9, 30), "2024-03-01 09:30"), (DAY, "2024-03-01"), ("#1 楼", "#1 楼"),
    ],
    Kind.CODE: [
        ("007", "007"), ("'007", "007"), (420381.0, "420381"), (420381, "420381"), ("91 42 03MA", "9142 03MA".replace(" ", "")),
        ("０７１０", "0710"), (999_999_999_999_999.0, "999999999999999"), ("无", ""), (None, ""), ("4.20381E+5", "420381"),
    ],
    Kind.PHONE: [
        ("13800000001", "13800000001"), (13800000001.0, "13800000001"), (1.38e10, "13800000000"), ("1.3800000001E+10", "13800000001"),
        ("1.3800000001e10", "13800000001"), ("0710-1234567", "0710-1234567"), ("１３８ ００００ ０００１", "138 0000 0001"), ("/", ""),
        ("•••••••••01", "•••••••••01"),
    ],
    Kind.DATE: [
        (text, DAY) for text in (
            "2024-03-01", "2024-3-1", "2024.3.1", "2024.03", "2024/3/1", "2024/3/1 00:00", "2024-03-01T08:30:00", "2024年3月1日",
            "2024年3月1号", "2024年3月", "2024年03月01日", "20240301", "202403", "45352", "45352.75", "２０２４．３．１", "2024 . 3 . 1",
            " 2024年 3月 1日 ", DAY, dt.datetime(2024, 3, 1, 17, 0), 45352.0, 45352.5, 2024.3, 20240301.0,
        )
    ] + [("", None), ("无", None), ("—", None), (2024.11, dt.date(2024, 11, 1)), ("2024.1", dt.date(2024, 1, 1)), ("2024.10", dt.date(2024, 10, 1))],
    Kind.NUMBER: [
        ("30", 30), ("３０", 30), (30.0, 30), (30, 30), ("30人", 30), ("1,200", 1200), ("１，２００ 户", 1200), ("-5", -5), ("+5", 5),
        ("30.0", 30), ("0", 0), ("", None), ("无", None), ("/", None),
    ],
    Kind.DECIMAL: [
        ("12.50", Decimal("12.50")), ("1,234.5", Decimal("1234.5")), ("１２．５", Decimal("12.5")), (0.1 + 0.2, Decimal("0.3")),
        (12.0, Decimal(12)), (85.3 + 0.1, Decimal("85.4")), ("-3", Decimal(-3)), ("—", None), ("1E+2", Decimal(100)),
    ],
    Kind.YES_NO: [
        *((text, True) for text in ("是", "有", "√", "✓", "Y", "ＹＥＳ", "1", 1.0, True, " 对 ")),
        *((text, False) for text in ("否", "无", " 无 ", "没有", "×", "N", "0", 0.0, False)),
        ("", None), ("—", None), ("/", None), (None, None),
    ],
}  # fmt: skip
REFUSED = {
    Kind.CODE: [
        (914203810000000123.0, ROUNDED), (10**15, ROUNDED), (1234567890123456.0, ROUNDED), ("9.1420381E+17", ROUNDED), ("9.14E17", ROUNDED),
        (420381.5, "是小数"), (dt.date(2026, 3, 12), "代码被表格改成了日期"), (float("inf"), ROUNDED),
    ],
    Kind.PHONE: [
        ("1.38E+10", ROUNDED), ("１．３８Ｅ＋１０", ROUNDED), ("1.38e10", ROUNDED), (0.71, "是小数"),
        (dt.datetime(2026, 3, 12), "电话被表格改成了日期"),
    ],
    Kind.DATE: [
        ("2023-02-30", "没有这一天"), ("2024.13", "没有这一天"), ("202413", "没有这一天"), ("去年三月", "不是日期，应写成 2024-03-01"),
        ("2024", "不是日期"), (2024.0, "不是日期"), ("3/1/2024", "不是日期"), ("24.3.1", "不是日期"), ("2024-03-01 至今", "不是日期"),
        (2024.1, "可能是 2024 年 1 月，也可能是 10 月，请写成 2024-01 或 2024-10"), ("1024-03-01", "不在 1900 到 2099 年之间"),
        (dt.date(2150, 1, 1), "不在 1900 到 2099 年之间"), (True, "不是日期"), ("0000-00-00", "没有这一天"),
    ],
    Kind.NUMBER: [
        ("三十", "不是整数，请只填数字"), ("约30", "不是整数"), (30.5, "不是整数"), ("30余人", "不是整数"), ("1.38E+10", "不是整数"),
        ("1234567890123", "不是整数"), (True, "不是整数"), (float("nan"), "不是整数"),
    ],
    Kind.DECIMAL: [
        ("约5万", "不是数字，请只填数字"), ("NaN", "不是数字"), ("Infinity", "不是数字"), (float("inf"), "不是数字"), ("12%", "不是数字"),
        ("1E+999999999", "不是数字"), ("0E-999999999", "不是数字"), ("1.2.3", "不是数字"),
    ],
    Kind.YES_NO: [("在办", "应填“是”或“否”"), ("2", "应填“是”或“否”"), ("有无", "应填“是”或“否”")],
}  # fmt: skip


def spread(table):
    return [pytest.param(kind, raw, said, id=f"{kind}-{raw!r}") for kind, rows in table.items() for raw, said in rows]


@pytest.mark.parametrize(("kind", "raw", "value"), spread(TAKEN))
def test_is_read(kind, raw, value):
    found = READERS[kind](raw)
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(("kind", "raw", "words"), spread(REFUSED))
def test_is_refused_with_the_reason(kind, raw, words):
    with pytest.raises(ValidationError) as refused:
        READERS[kind](raw)
    assert words in refused.value.messages[0]
    assert refused.value.messages[0].endswith("。")


class TestChoices:
    @pytest.mark.parametrize(
        ("raw", "value"),
        [
            ("乡贤统战", "talent"),
            (" 乡贤 统战", "talent"),
            ("联络站", "station"),
            ("联络站(点)", "station"),
            ("无", ""),
            ("", ""),
        ],
    )
    def test_one_is_known_by_its_label(self, raw, value):
        assert cells.choice_of(raw, FIELDS) == value

    def test_a_wrong_one_is_told_what_there_is(self):
        with pytest.raises(ValidationError, match="“统战”不在可选范围内，应为乡贤统战、民营经济统战、联络站（点）。"):
            cells.choice_of("统战", FIELDS)

    def test_of_many_ten_are_named(self):
        many = [(str(number), f"第{number}类") for number in range(30)]
        with pytest.raises(ValidationError, match="第9类等。"):
            cells.choice_of("其他", many)

    @pytest.mark.parametrize(
        "raw",
        [
            "民营经济统战、乡贤统战",
            "乡贤统战,民营经济统战",
            "乡贤统战；民营经济统战",
            "乡贤统战\n民营经济统战",
            "乡贤统战 民营经济统战",
        ],
    )
    def test_several_are_parted_by_whatever_was_at_hand(self, raw):
        assert cells.choices_of(raw, FIELDS) == ["talent", "enterprise"]

    def test_one_wrong_among_several_is_named(self):
        with pytest.raises(ValidationError, match="“侨务”不在可选范围内"):
            cells.choices_of("乡贤统战、侨务", FIELDS)

    @pytest.mark.parametrize("raw", ["", "无", "—", None])
    def test_none(self, raw):
        assert cells.choices_of(raw, FIELDS) == []


class TestFailedFormulas:
    @pytest.mark.parametrize("raw", ["#N/A", "#REF!", "#VALUE!", "#NAME?", "#DIV/0!", "#n/a", UNCOMPUTED])
    def test_are_no_empty_cells(self, raw):
        with pytest.raises(ValidationError, match="公式"):
            cells.refuse_failed(raw)

    @pytest.mark.parametrize("raw", ["", None, "#1 楼", "#", 5.0, "第#N/A号"])
    def test_are_told_from_texts(self, raw):
        cells.refuse_failed(raw)


class TestAnything:
    """What holds for every text and every number."""

    @given(raw=st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.datetimes(), st.dates(), st.none()))
    def test_is_read_or_refused_in_words(self, raw):
        for reader in {*READERS.values(), lambda one: cells.choices_of(one, FIELDS)}:
            try:
                reader(raw)
            except ValidationError as refused:
                assert refused.messages[0].endswith("。")

    @given(raw=st.text())
    def test_a_text_that_was_read_is_read_as_itself(self, raw):
        once = cells.text_of(raw)
        assert cells.text_of(once) == once

    @given(day=st.dates(dt.date(1911, 1, 1), dt.date(2099, 12, 31)))
    def test_a_day_is_the_same_however_it_is_written(self, day):
        year, month, number = day.year, day.month, (day - cells.EPOCH).days
        ways = [
            f"{year}.{month}.{day.day}", f"{year}年{month}月{day.day}日", f"{year}/{month}/{day.day} 0:00", f"{day:%Y%m%d}", str(number),
            float(number), f"{year}-{month:02}-{day.day:02}".translate(WIDE),
        ]  # fmt: skip
        assert {cells.date_of(way) for way in ways} == {day}

    @given(number=st.integers(10**10, 10**11 - 1))
    def test_a_phone_is_whole_or_refused(self, number):
        text = f"{number / 10**10:.10f}E+10"
        assert cells.phone_text_of(float(number)) == cells.phone_text_of(text) == str(number)
        with pytest.raises(ValidationError):
            cells.phone_text_of(f"{number:.2E}")

    @given(number=st.integers(-(10**9), 10**9))
    def test_a_number_is_the_same_in_every_width(self, number):
        for way in (str(number), f"{number:,}", str(number).translate(WIDE), float(number), f"{number} 人"):
            assert cells.number_of(way) == number

    @given(cents=st.integers(0, 10**9))
    def test_an_amount_keeps_its_cents(self, cents):
        assert cells.decimal_of(cents / 100) == cells.decimal_of(f"{cents / 100:,.2f}") == Decimal(cents) / 100
