"""Where a row of a workbook stands: township and village by name, inside what the user may keep."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from organizations.models import Area, Level, Unit
from organizations.services.places import areas_for, units_for
from portal.kit.scope import permission_for
from portal.kit.workbooks.cells import plain
from portal.kit.workbooks.columns import Column, Kind
from portal.kit.workbooks.imports import Line, Outcome, RefusedCell, closest
from portal.kit.workbooks.registers import ModelWorkbook

TOWNSHIP, VILLAGE, UNIT = "township", "village", "unit"
TOWNSHIP_NAMES = ("乡镇", "乡镇（街道）", "镇", "街道", "所在乡镇", "乡镇名称", "所属乡镇", "县乡", "乡镇街道")
VILLAGE_NAMES = ("村（社区）", "村", "社区", "村社区", "村名", "行政村", "所在村", "村（居）", "所属村")


class Places:
    """The areas that a user may record for, and the names of the others of the same counties."""

    def __init__(self, user: Any, permission: str, label: str):
        self.label, self.reach = label, user.reach(permission)
        self.areas = list(areas_for(user, permission))
        self.units = {plain(unit.name): unit for unit in units_for(user, permission)}

    @cached_property
    def own(self) -> set[int]:
        return {area.pk for area in self.areas}

    @cached_property
    def only(self) -> Area | None:
        """The one area of somebody who keeps a single one: it need not be written."""
        return self.areas[0] if len(self.areas) == 1 else None

    @cached_property
    def options(self) -> dict[str, Any]:
        """Township names, the villages of each, bodies: what a template offers."""
        villages: dict[str, list[str]] = {}
        for area in self.areas:
            if area.level == Level.VILLAGE:
                villages.setdefault(area.parent.name, []).append(area.name)
            elif area.level == Level.TOWNSHIP:
                villages.setdefault(area.name, [])
        counties = [area.name for area in self.areas if area.level == Level.COUNTY]
        return {
            TOWNSHIP: [*counties, *villages], VILLAGE: villages, UNIT: [unit.name for unit in self.units.values()],
        }  # fmt: skip

    def find(self, township: str, village: str, unit: Unit | None) -> Area:
        """The area that two cells name. Raises RefusedCell with what was probably meant."""
        if not township and not village:
            return self._unnamed(unit)
        above = self._township(township) if township else None
        area = self._village(village, above) if village else above
        assert area is not None  # noqa: S101 - one of the two was named
        if area.pk not in self.own and not (unit and unit.pk in self.reach.units):
            column = TOWNSHIP if above and above.pk not in self._visible else VILLAGE
            raise RefusedCell(column, f"您只能维护{self._mine}的{self.label}，此行不会导入。", outcome=Outcome.SCOPE)
        return area

    def unit(self, name: str) -> Unit | None:
        if not name:
            return None
        if plain(name) not in self.units:
            meant = closest(plain(name), self.units)
            raise RefusedCell(UNIT, _unknown("单位", name, meant), meant)
        return self.units[plain(name)]

    @property
    def _mine(self) -> str:
        tops = [area for area in self.areas if area.parent_id not in self.own]
        names = [area.name for area in tops[:3]] or [unit.name for unit in list(self.units.values())[:3]]
        return "、".join(names) or "授权范围内"

    def _unnamed(self, unit: Unit | None) -> Area:
        if unit is not None:
            return unit.area
        if self.only is not None:
            return self.only
        raise RefusedCell(TOWNSHIP, "请填写乡镇；由市（县）直单位主管的，填写主管单位。")

    def _township(self, name: str) -> Area:
        found = self._names.get(plain(name))
        if found is None:
            meant = closest(plain(name), [n for n, area in self._names.items() if area.pk in self._visible])
            raise RefusedCell(TOWNSHIP, _unknown("乡镇", name, meant), meant)
        return found

    def _village(self, name: str, above: Area | None) -> Area:
        if above is not None:
            found = self._villages.get((above.pk, plain(name)))
            if found is None:
                near = [key[1] for key in self._villages if key[0] == above.pk]
                meant = closest(plain(name), near)
                raise RefusedCell(VILLAGE, _unknown(f"{above.name}的村（社区）", name, meant), meant)
            return found
        alike = [area for area in self.areas if plain(area.name) == plain(name) and area.level == Level.VILLAGE]
        if len(alike) == 1:
            return alike[0]
        words = (
            f"有 {len(alike)} 个“{name}”，请同时填写乡镇。" if alike else f"找不到村（社区）“{name}”，请同时填写乡镇。"
        )
        raise RefusedCell(VILLAGE if not alike else TOWNSHIP, words)

    @cached_property
    def _everywhere(self) -> list[Area]:
        """Every area of the user's counties: its name is public, what stands there is not."""
        counties = {area.tree_code[:6] for area in self.areas} | {u.area.tree_code[:6] for u in self.units.values()}
        found: list[Area] = []
        for code in sorted(counties):
            county = Area(tree_code=code)
            found += Area.objects.existing().in_area(county).select_related("parent")
        return found

    @cached_property
    def known(self) -> dict[int, Area]:
        return {area.pk: area for area in (*self._everywhere, *self.areas)}

    @cached_property
    def _visible(self) -> set[int]:
        """One's own areas and the townships above them."""
        return self.own | {area.parent_id for area in self.areas if area.level == Level.VILLAGE}

    @cached_property
    def _names(self) -> dict[str, Area]:
        return {plain(area.name): area for area in self._everywhere if area.level < Level.VILLAGE}

    @cached_property
    def _villages(self) -> dict[tuple[int, str], Area]:
        villages = (area for area in self._everywhere if area.level == Level.VILLAGE)
        return {(area.parent_id, plain(area.name)): area for area in villages}


def _unknown(what: str, name: str, meant: str) -> str:
    return f"找不到{what}“{name}”，是否为“{meant}”？" if meant else f"找不到{what}“{name}”，请核对名称。"


def place_columns(*, village: bool = True) -> list[Column]:
    """Township and village, each with the headings that people give them."""
    found = [
        Column(TOWNSHIP, "乡镇", Kind.REFERENCE, synonyms=TOWNSHIP_NAMES[1:], width=14, sample="示例镇",
               help="乡镇、街道的全称；县（市）一级的填县（市）名称")
    ]  # fmt: skip
    if village:
        found.append(
            Column(VILLAGE, "村（社区）", Kind.REFERENCE, synonyms=VILLAGE_NAMES[1:], within=TOWNSHIP, width=16,
                   sample="示例村", help="设在村（社区）的填写；设在乡镇的不填")
        )  # fmt: skip
    return found


def place_cells(area: Area) -> dict[str, str]:
    """Township and village cells of a stored row; the area's parent is loaded."""
    if area.level == Level.VILLAGE:
        return {TOWNSHIP: area.parent.name, VILLAGE: area.name}
    return {TOWNSHIP: area.name, VILLAGE: ""}


class PlacedWorkbook(ModelWorkbook):
    """Rows that stand in an area, maybe kept by a county-level body."""

    def __init__(self, user: Any, parameters: Mapping[str, Any] | None = None):
        super().__init__(user, parameters)
        self.area_places = Places(user, permission_for(self.model, "add"), self.label)

    @property
    def options(self) -> dict[str, Any]:
        return self.area_places.options

    def places(self) -> list[Column]:
        return place_columns()

    def resolved(self, line: Line, values: dict[str, Any]) -> dict[str, Any]:
        unit = self.area_places.unit(values.get(UNIT, ""))
        found = {"area": self.area_places.find(values.get(TOWNSHIP, ""), values.get(VILLAGE, ""), unit)}
        if UNIT in values and UNIT in self.fields:
            found[UNIT] = unit
        self.refer([name for name in self.fields if name in values and name != UNIT], line, values, found)
        return found

    def look_further(self, line: Line, values: dict[str, Any]) -> None:
        if not any(problem.column in {TOWNSHIP, VILLAGE, UNIT} for problem in line.problems):
            super().look_further(line, values)

    def load(self, lines: Sequence[Line]) -> None:
        """The rows share the areas that are loaded already: an instance a row would cost more than the row itself."""
        super().load(lines)
        known = self.area_places.known
        for row in self.stored.values():
            if row.area_id in known:
                row.area = known[row.area_id]

    def rows_to_compare(self, lines: Sequence[Line]) -> Any:
        rows = super().rows_to_compare(lines)
        return rows.select_related(*self.beside) if self.beside else rows

    @property
    def beside(self) -> list[str]:
        """What `cell` and `check` read of a row besides its area."""
        return ["unit__area"]

    def related(self, rows: Any) -> Any:
        return rows.select_related("area__parent", *self.beside)

    def column_of(self, field_name: str) -> str:
        return TOWNSHIP if field_name == "area" else field_name

    def cell(self, obj: Any, column: Column) -> Any:
        if column.name in {TOWNSHIP, VILLAGE}:
            return place_cells(obj.area)[column.name]
        return super().cell(obj, column)
