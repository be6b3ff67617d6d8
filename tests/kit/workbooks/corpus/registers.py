"""Workbooks for the portal's own registers, with what the preview says of each row: every outcome in each of them.

The world they meet is made in test_corpus_registers.py: a committee member keeps 泉溪镇 (石桥村, 柳林村) of a county that also has
河口镇 (河口村). Expected: row | outcome | column | words of the problem, or what changes; a second line of a row has its next problem.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.kit.workbooks.corpus.making import xlsx


@dataclass(frozen=True)
class ForRegister:
    register: str
    make: Callable[[], bytes]
    file_name: str
    outcomes: Mapping[int, str]
    words: Mapping[int, Mapping[str, str]]


FOR_REGISTERS: dict[str, ForRegister] = {}


def for_register(register, expected, name="上报表.xlsx"):
    """Collect a maker under its own name."""
    outcomes, words = {}, defaultdict(dict)
    for line in expected.strip().splitlines()[1:]:
        row, outcome, column, said = (cell.strip() for cell in line.split("|"))
        outcomes[int(row)] = outcome or outcomes[int(row)]
        if said:
            words[int(row)][column] = said

    def collect(make):
        FOR_REGISTERS[make.__name__] = ForRegister(register, make, name, outcomes, words)
        return make

    return collect


@for_register(
    "organizations",
    """
    row | outcome   | column   | words
    4   | unchanged |          |
    5   | changed   | since    | 2020-01-01 → 2021-05-01
    6   | new       |          |
    7   | duplicate |          | 与现有的“泉溪镇商会”可能是同一条
    9   | scope     | township | 您只能维护泉溪镇的基层统战组织
    10  | error     | village  | 找不到泉溪镇的村（社区）“石乔村”，是否为“石桥村”
    11  | error     | kind     | “乡镇商汇”不在可选范围内
    11  |           | since    | “2023-02-30”没有这一天
    12  | error     |          | 第 6 行重复
    13  | error     | name     | 请填写名称
    14  | error     | note     | 号码
    15  | error     | since    | 公式
    """,
)
def organizations():
    """The list a township sends: a title, the township merged down, two rows of heads, a blank row, all kinds of mistakes at once."""

    def fail(page):
        page["D15"].value, page["D15"].data_type = "#REF!", "e"

    return xlsx(
        ["泉溪镇基层统战组织一览表"],
        ["所在地", None, "基本情况", None, None, "备注"],
        ["乡镇", "村（社区）", "组织名称", "成立时间", "组织类别", None],
        ["泉溪镇", None, "泉溪镇商会", "2020.1.1", "乡镇商会", "无"],
        [None, "石桥村", "石桥村乡贤联谊会", "2021年5月", "村乡贤联谊会", None],
        [None, "柳 林 村", "柳林村乡贤联谊会", 44621, "村乡贤联谊会", "/"],
        ["泉溪镇", None, "泉溪商会", "2022-03-01", "乡镇商会", None],
        [],
        ["河口镇", "河口村", "河口村乡贤联谊会", "2022-03-01", "村乡贤联谊会", None],
        ["泉溪镇", "石乔村", "石乔村联谊会", "2022-03-01", "村乡贤联谊会", None],
        ["泉溪镇", None, "泉溪镇第二商会", "2023-02-30", "乡镇商汇", None],
        ["泉溪镇", "柳林村", "柳林村乡贤联谊会", 44621, "村乡贤联谊会", None],
        ["泉溪镇", None, None, "2022-03-01", "镇级乡贤理事会", None],
        ["泉溪镇", None, "泉溪镇理事会", "2022-03-01", "镇级乡贤理事会", "找张某甲13800000001"],
        ["泉溪镇", None, "泉溪镇乡贤理事会", None, "镇级乡贤理事会", None],
        merged=["A1:F1", "A2:B2", "C2:E2", "F2:F3", "A4:A6"],
        change=fail,
    )


@for_register(
    "rosters",
    """
    row | outcome   | column       | words
    3   | unchanged |              |
    4   | new       |              |
    5   | error     | phone        | 科学计数法
    6   | duplicate | name         | 电话相同
    7   | duplicate | name         | 姓名相同、电话不同
    8   | changed   | until        | 空 → 2026-06-30
    9   | error     | since        | 不能晚于今天
    10  | error     | organization | 找不到组织“泉溪镇商汇”，是否为“泉溪镇商会”
    11  | error     | post         | 请填写职务
    12  | error     | name         | 姓名里不应有数字
    13  | new       |              |
    14  | error     |              | 第 13 行重复
    """,
)
def roster():
    """A roster with phones as numbers, an old one still masked, somebody who left, namesakes and slips of the hand."""
    chamber = "泉溪镇商会"
    return xlsx(
        ["商会成员花名册"],
        ["序号", "商会名称", "姓 名", "会内职务", "手机号码", "任职时间", "离任时间"],
        [1, chamber, "张某甲", "会长", "•••••••••01", "2020年1月", None],
        [2, None, "李某乙", "副会长", 13800000002, "2024.3", None],
        [3, None, "王某丙", "副会长", "1.38E+10", "2024.3", None],
        [4, chamber, "赵某丁", "理事", "13800000001", None, None],
        [5, chamber, "张某甲", "理事", "13900000009", None, None],
        [6, chamber, "钱某戊", "秘书长", None, None, "2026.6.30"],
        [7, chamber, "孙某己", "理事", None, "2030-01-01", None],
        [8, "泉溪镇商汇", "周某庚", "理事", None, None, None],
        [9, chamber, "吴某辛", "无", None, None, None],
        [10, chamber, "郑某1", "理事", None, None, None],
        [11, chamber, "冯某壬", "理 事", None, None, None],
        [12, chamber, "冯某壬", "理 事", None, None, None],
        merged=["A1:G1", "B3:B5"],
    )


@for_register(
    "stations",
    """
    row | outcome   | column         | words
    2   | new       |                |
    3   | new       |                |
    4   | error     | parent         | 找不到所属联络站“泉西镇统战联络站”
    5   | scope     | township       | 您只能维护泉溪镇的联络站点
    6   | error     | fields_of_work | 不在可选范围内
    6   |           | since          | 请填写启用日期
    6   |           | parent         | 找不到所属联络站
    7   | changed   | address        | 空 → 石桥村 1 组
    """,
    name="站点.csv",
)
def stations():
    """A station and its point, which are both new, from WPS by way of CSV."""
    lines = [
        "乡镇,村,类型,联络点名称,上级站,领域,详细地址,建成时间",
        "泉溪镇,,联络站,泉溪镇统战联络站,无,乡贤统战、综合,镇政府 2 楼,2022年5月",
        "泉溪镇,柳林村,联络点,柳林村联络点,泉溪镇统战联络站,,,2022.5.1",
        "泉溪镇,柳林村,联络点,柳林村二组联络点,泉西镇统战联络站,,,2022.5.1",
        "河口镇,,联络站,河口镇统战联络站,,,,2022.5.1",
        "泉溪镇,石桥村,联络点,石桥村二组联络点,石乔镇联络站,侨联,,",
        "泉溪镇,石桥村,联络点,石桥村联络点,,,石桥村 1 组,2020.1",
    ]
    return "\r\n".join(lines).encode("gb18030")


@for_register(
    "activities",
    """
    row | outcome   | column     | words
    2   | unchanged |            |
    3   | new       |            |
    4   | duplicate |            | 与现有的
    5   | error     | on         | 活动日期不能晚于今天
    6   | error     | head_count | 不是整数
    7   | error     | on         | 请填写日期
    8   | error     | on         | 可能是 2026 年 1 月，也可能是 10 月
    """,
)
def activities():
    """Activities as a village notes them down."""
    return xlsx(
        ["所在乡镇", "村", "活动类型", "活动主题", "活动时间", "参加人数"],
        ["泉溪镇", "石桥村", "联谊", "重阳敬老联谊", "2026.10.18", "30人"],
        ["泉溪镇", "石桥村", "学习", "政策学习会", "2026年9月1日", "２０"],
        ["泉溪镇", "石桥村", "联谊", "重阳节敬老联谊", "2026-10-18", 30],
        ["泉溪镇", "石桥村", "联谊", "新年联谊", "2027.1.1", 30],
        ["泉溪镇", "石桥村", "联谊", "中秋联谊", "2026-09-25", "三十"],
        ["泉溪镇", "石桥村", "联谊", "端午联谊", "—", 12],
        ["泉溪镇", "石桥村", "联谊", "国庆联谊", 2026.1, 12],
    )


@for_register(
    "sites",
    """
    row | outcome | column     | words
    2   | new     |            |
    3   | new     |            |
    4   | error   | award      | “部级”不在可选范围内
    4   |         | since      | 不是日期
    5   | error   | platform   | 不在可选范围内
    5   |         | since      | 请填写启用日期
    6   | error   | township   | 请填写乡镇
    7   | error   | village    | 找不到村（社区）“河西村”
    """,
)
def sites():
    """Sites with 无 and — among the choices, and places left out."""
    return xlsx(
        ["乡镇", "村", "类型", "平台类别", "阵地名称", "级别", "年份", "启用时间"],
        ["泉溪镇", None, "平台阵地", "统战之家", "泉溪镇统战之家", "县级", "2023", "2022.5"],
        [None, "石桥村", "活动室", "—", "石桥村活动室", "无", "/", "2022年5月1日"],
        ["泉溪镇", "石桥村", "活动室", None, "石桥村第二活动室", "部级", None, "前年"],
        ["泉溪镇", None, "平台阵地", "统战之屋", "泉溪镇第二统战之家", None, None, None],
        [None, None, "活动室", None, "活动室", None, None, "2022-05-01"],
        [None, "河西村", "活动室", None, "河西村活动室", None, None, "2022-05-01"],
    )
