"""The register that the corpus is read with: a column of every kind; a row is whatever its cells say."""

from dataclasses import dataclass, field

from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import Line, Outcome, Workbook
from portal.kit.workbooks.matching import match
from portal.kit.workbooks.reading import read_workbook

KINDS = [("chamber", "商会"), ("council", "联谊会"), ("station", "联络站（点）")]
FIELDS = [("talent", "乡贤统战"), ("enterprise", "民营经济统战"), ("overseas", "侨务")]
COLUMNS = [
    Column("township", "乡镇", Kind.REFERENCE, synonyms=("乡镇（街道）", "所在乡镇")),
    Column("village", "村（社区）", Kind.REFERENCE, synonyms=("村", "社区")),
    Column("name", "名称", required=True, synonyms=("组织名称", "单位名称")),
    Column("kind", "类别", Kind.CHOICE, choices=KINDS, synonyms=("类型",)),
    Column("since", "成立日期", Kind.DATE, synonyms=("成立时间",)),
    Column("people", "会员人数", Kind.NUMBER, synonyms=("人数",)),
    Column("fee", "会费", Kind.DECIMAL),
    Column("charter", "有无章程", Kind.YES_NO),
    Column("fields", "工作领域", Kind.CHOICES, choices=FIELDS),
    Column("code", "登记证号", Kind.CODE, synonyms=("证书号",)),
    Column("contact", "联系人", synonyms=("姓名",)),
    Column("phone", "联系电话", Kind.PHONE, synonyms=("电话", "手机"), looks_like=lambda text: len(text) == 11 and text.isdigit()),
    Column("note", "备注"),
]  # fmt: skip


class CorpusWorkbook(Workbook):
    """Takes every row whose cells are right."""

    name, label = "corpus", "样本"

    @property
    def columns(self):
        return COLUMNS

    def take(self, line, values):
        line.outcome, line.target = Outcome.NEW, values


@dataclass
class Read:
    """What became of a workbook: rows by number, headings that are asked about with the proposal, those left out."""

    rows: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def read(content, name, remembered=None):
    """The whole road of a file up to its rows; ValidationError where it is refused."""
    book = read_workbook(content, name, COLUMNS)
    found = Read(notes=book.notes)
    lines, several = [], len(book.blocks) > 1
    for block in book.blocks:
        matches = match(block, COLUMNS, remembered or {})
        pairs = list(zip(block.heads, matches, strict=True))
        found.asked |= {head: one.column or "" for head, one in pairs if not one.sure}
        found.left_out += [head for head, one in pairs if one.sure and not one.column]
        names = [one.column if one.sure else "" for one in matches]
        for row in block.rows:
            cells = {name: cell for name, cell in zip(names, row.cells, strict=True) if name}
            lines.append(Line(row.sheet, row.number, cells))
    CorpusWorkbook(None).plan(lines, lambda done, total: None)
    for line in lines:
        found.rows[f"{line.sheet}!{line.number}" if several else str(line.number)] = _said(line)
    return found


def _said(line):
    """Column → value as text, or "!" and what is wrong with the cell."""
    if line.problems:
        return {problem.column: f"!{problem.words}" for problem in line.problems}
    return {name: shown(value) for name, value in line.target.items() if value not in (None, "", [])}


def shown(value):
    if isinstance(value, bool):
        return "是" if value else "否"
    return "、".join(value) if isinstance(value, list) else str(value).replace("\n", "⏎")
