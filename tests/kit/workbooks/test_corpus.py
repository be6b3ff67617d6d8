"""The corpus: every messy workbook is read as a person would read it, every hostile one is refused in plain words."""

import pytest
from django.core.exceptions import ValidationError

from tests.kit.workbooks.corpus.messy import MESSY
from tests.kit.workbooks.corpus.register import read

READ = {name: case for name, case in MESSY.items() if not case.refused}
REFUSED = {name: case for name, case in MESSY.items() if case.refused}


def met(expected, found):
    """The found rows with every refusal that says what was expected replaced by the expectation."""
    return {
        number: {name: _met(expected.get(number, {}).get(name, ""), text) for name, text in row.items()}
        for number, row in found.items()
    }


def _met(expected, text):
    return expected if expected.startswith("!") and expected[1:] in text and text.startswith("!") else text


@pytest.mark.parametrize("name", READ)
class TestMessy:
    def test_is_read_as_a_person_would(self, name):
        case = READ[name]
        found = read(case.make(), case.file_name)
        assert met(case.rows, found.rows) == case.rows
        assert found.asked == case.asked
        assert found.left_out == list(case.left_out)
        assert len(found.notes) == len(case.notes), found.notes
        for words in case.notes:
            assert any(words in note for note in found.notes), found.notes


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_with_nothing_to_read_says_so(name):
    case = REFUSED[name]
    with pytest.raises(ValidationError) as refused:
        read(case.make(), case.file_name)
    assert case.refused in refused.value.messages[0]
