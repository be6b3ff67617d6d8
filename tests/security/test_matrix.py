"""Who is answered what, route by route; and what must hold of every line whatever the table says."""

import pytest

from portal.accounts.roles import PERMISSIONS, Role
from portal.kit.access import ANY_USER, OPEN
from portal.kit.checks import declared_access
from tests.security import matrix
from tests.security.world import ANONYMOUS, COLUMNS, KWARGS, PERSONAL, WORDS, World, address

LOGIN_ASKED = {"302", "401", "405"}
REFUSED = {"403", "405"}


class TestMatrix:
    @pytest.fixture(scope="class")
    def found(self, world):
        return matrix.lines(world)

    def test_the_table_is_what_the_portal_answers(self, found, request):
        if request.config.getoption("--write-matrix"):
            matrix.write(found)
        table = matrix.read()
        actual = {(line["route"], line["method"]): line for line in found}
        missing, stale = sorted(actual.keys() - table.keys()), sorted(table.keys() - actual.keys())
        assert (missing, stale) == ([], []), "review, then: python -m tests.security.matrix --write"
        wrong = {
            (*key, column): f"table {table[key][column]}, portal {actual[key][column]}"
            for key in actual
            for column in COLUMNS
            if table[key][column] != actual[key][column]
        }
        assert wrong == {}

    def test_nothing_falls_over(self, found):
        assert [line for line in found if any("500" in line[column] for column in COLUMNS)] == []

    def test_a_stranger_is_asked_to_log_in(self, found):
        open_ = {name for name, _, callback in matrix.own_routes() if declared_access(callback) == OPEN}
        assert open_ == {"accounts:login", "accounts:activate"}
        for line in found:
            if line["route"] not in open_:
                assert set(line[ANONYMOUS].split("/")) <= LOGIN_ASKED, line

    def test_a_role_without_the_right_is_refused_everywhere(self, found):
        rights = {name: declared_access(callback) for name, _, callback in matrix.own_routes()}
        for line in found:
            asked = rights[line["route"]]
            for role in Role:
                if isinstance(asked, tuple) and not PERMISSIONS[role] & set(asked):
                    assert set(line[role].split("/")) <= REFUSED, (role, line)

    def test_a_siblings_row_answers_like_a_row_that_does_not_exist(self, found):
        for line in found:
            for role in Role:
                statuses = line[role].split("/")
                if len(statuses) == 3:
                    assert statuses[1] == statuses[2], (role, line)

    def test_every_line_of_the_registry_is_a_route(self):
        names = {name for name, _, _ in matrix.own_routes()}
        assert set(KWARGS) | set(PERSONAL) | set(WORDS) <= names


def test_the_body_of_a_siblings_row_is_that_of_a_missing_one(world):
    browsers = matrix.clients(world)
    for name, path, callback in matrix.own_routes():
        for role in Role:
            targets = world.targets(name, path, role)
            if len(targets) < 3 or declared_access(callback) in (OPEN, ANY_USER):
                continue
            texts = [
                normal(matrix.ask(browsers[role], "GET", address(name, targets[kind])), targets[kind])
                for kind in ("sibling", "none")
            ]
            assert texts[0] == texts[1], (name, role)


def test_rows_of_two_places_do_not_mix(world: World):
    """One's own quarter with another's report is no row at all."""
    browsers = matrix.clients(world)
    for name, builders in KWARGS.items():
        if len(builders) < 2:
            continue
        for role in ("staff", "committee"):
            targets = world.targets(name, "<", role)
            first, *rest = builders
            for rest_key in rest:
                mixed = {**targets["own"], rest_key: targets["sibling"][rest_key]}
                if mixed in targets.values():
                    continue
                for method in matrix.METHODS:
                    answer = matrix.ask(browsers[role], method, address(name, mixed))
                    assert answer.status_code in {403, 404, 405}, (name, role, mixed)


def normal(answer, kwargs) -> tuple[int, bytes]:
    from tests.security.crawl import without_tokens

    text = without_tokens(answer.seen)
    for value in kwargs.values():
        text = text.replace(str(value).encode(), b"N")
    return answer.status_code, text
