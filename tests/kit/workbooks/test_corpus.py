"""The corpus: every messy workbook is read as a person would read it, every hostile one is refused in plain words."""

import re
import signal
import subprocess
import sys
import tracemalloc

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError

from portal.kit.workbooks import child
from portal.kit.workbooks.guard import check_package
from portal.kit.workbooks.reading import read_workbook
from tests.kit.workbooks.corpus.hostile import HOSTILE
from tests.kit.workbooks.corpus.making import HEAD
from tests.kit.workbooks.corpus.messy import MESSY
from tests.kit.workbooks.corpus.register import COLUMNS, read

SECONDS = 5  # of this process's own CPU time: far more than any refusal takes, far less than a careless pattern
NEXT_STEP = re.compile(r"请|应有一行")
FOREIGN = re.compile(r"[A-Za-z]+")
KNOWN_WORDS = {
    "Excel",
    "WPS",
    "xlsx",
    "xls",
    "xlsb",
    "ods",
    "CSV",
    "PDF",
    "Word",
    "UTF",
    "GBK",
    "XML",
    "MB",
    "XFD",
    "xfd",
}
READER = """
import resource, subprocess, sys
done = subprocess.run(sys.argv[1:], input=sys.stdin.buffer.read(), capture_output=True)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(done.returncode, used.ru_maxrss // 1024, int(used.ru_utime + used.ru_stime))
"""
GREEDY = """
from portal.kit.workbooks import child
def read(*_):
    {work}
child.SECONDS, child.read = 1, read
child.main(1, 1, False)
"""


@pytest.fixture
def own_time_limited():
    """Fails a test that burns CPU in this process instead of in the limited one."""

    def burnt(*_):
        raise AssertionError(f"more than {SECONDS} s of the portal's own CPU time")

    before = signal.signal(signal.SIGVTALRM, burnt)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS)
    yield
    signal.setitimer(signal.ITIMER_VIRTUAL, 0)
    signal.signal(signal.SIGVTALRM, before)


def met(expected, found):
    """The found rows with every refusal that says what was expected replaced by the expectation."""
    return {
        number: {name: _met(expected.get(number, {}).get(name, ""), text) for name, text in row.items()}
        for number, row in found.items()
    }


def _met(expected, text):
    return expected if expected.startswith("!") and expected[1:] in text and text.startswith("!") else text


def cases(table, refused):
    return [name for name, case in table.items() if bool(case.refused) == refused]


def refusal(case):
    with pytest.raises(ValidationError) as refused:
        read(case.make(), case.file_name)
    assert len(refused.value.messages) == 1
    return refused.value.messages[0]


@pytest.mark.parametrize("name", cases(MESSY, refused=False))
def test_a_messy_workbook_is_read_as_a_person_would(name):
    case = MESSY[name]
    found = read(case.make(), case.file_name)
    assert met(case.rows, found.rows) == case.rows
    assert found.asked == case.asked
    assert found.left_out == list(case.left_out)
    assert len(found.notes) == len(case.notes), found.notes
    for words in case.notes:
        assert any(words in note for note in found.notes), found.notes


@pytest.mark.parametrize("name", cases(MESSY, refused=True))
def test_a_file_with_nothing_to_read_says_so(name):
    assert MESSY[name].refused in refusal(MESSY[name])


@pytest.mark.parametrize("name", cases(HOSTILE, refused=True))
def test_a_hostile_file_is_refused_with_the_next_step(name, own_time_limited):
    words = refusal(HOSTILE[name])
    assert HOSTILE[name].refused in words
    assert NEXT_STEP.search(words), words
    assert set(FOREIGN.findall(words)) <= KNOWN_WORDS, words


@pytest.mark.parametrize("name", cases(HOSTILE, refused=False))
def test_a_file_that_only_looks_dangerous_is_read_as_its_text(name, own_time_limited):
    case = HOSTILE[name]
    assert met(case.rows, found := read(case.make(), case.file_name).rows) == case.rows, found


class TestHeads:
    """Headings go to the user and into what is remembered for the next file: without the title, with their group."""

    @pytest.mark.parametrize("name", ["merged_title", "form_lines", "table_in_the_middle", "old_xls", "csv_with_bom"])
    def test_a_title_is_no_part_of_them(self, name):
        case = MESSY[name]
        heads = read_workbook(case.make(), case.file_name, COLUMNS).blocks[0].heads
        assert [head for head in heads if head not in {"会员人数", "登记证号"}] == HEAD

    @pytest.mark.parametrize("name", ["two_row_head", "old_xls_with_two_row_head"])
    def test_two_rows_are_joined(self, name):
        case = MESSY[name]
        block = read_workbook(case.make(), case.file_name, COLUMNS).blocks[0]
        assert {"名称", "负责人 / 姓名", "负责人 / 电话"} <= set(block.heads)
        assert block.head_row == 2

    def test_what_was_chosen_once_is_not_asked_again(self):
        case = MESSY["unknown_column"]
        assert read(case.make(), case.file_name).asked == {"驻地图片": ""}
        again = read(case.make(), case.file_name, {"驻地图片": "note"})
        assert again.asked == {}
        assert again.rows["2"]["note"] == "见附件"

    def test_the_places_of_the_columns_are_those_of_the_sheet(self):
        block = read_workbook(MESSY["table_in_the_middle"].make(), "x.xlsx", COLUMNS).blocks[0]
        assert block.columns == [2, 3, 5, 6]


class TestLimits:
    """A file that gets past the guard meets the limits of the reader's own process."""

    @pytest.mark.parametrize("name", ["shared_text_copied_beyond_memory", "corner_of_an_xls", "corner_to_corner"])
    def test_memory_and_time_of_the_reader_are_bounded(self, name):
        code, megabytes, seconds = measured(HOSTILE[name].make())
        assert code != 0
        assert megabytes <= child.MEMORY // 1024 // 1024
        assert seconds <= child.SECONDS

    def test_the_reader_is_ended_when_its_time_is_over(self):
        assert greedy("while True: pass").returncode in {-signal.SIGKILL, -signal.SIGXCPU}

    def test_the_reader_gets_no_more_memory_than_its_limit(self):
        done = greedy("bytes(child.MEMORY)")
        assert done.returncode == 1
        assert done.stderr.strip().endswith(b"MemoryError")

    @pytest.mark.parametrize("name", ["zip_bomb", "bomb_of_small_parts", "million_styles", "million_empty_rows"])
    def test_the_guard_unpacks_no_more_than_a_piece_at_a_time(self, name):
        content = HOSTILE[name].make()
        tracemalloc.start()
        with pytest.raises(ValidationError):
            check_package(content)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 8_000_000


def greedy(work):
    """The reader, whose library takes without end."""
    command = [sys.executable, "-c", GREEDY.format(work=work)]
    return subprocess.run(command, cwd=settings.BASE_DIR, input=b"", capture_output=True, check=False)


def measured(content):
    """(exit code, MB, whole seconds of CPU) of the reader for a file, run by a small process: a large parent would count."""
    command = [sys.executable, "-I", "-c", READER, sys.executable, "-I", child.__file__, "50000", "200"]
    done = subprocess.run(command, input=content, capture_output=True, check=True)
    return tuple(map(int, done.stdout.split()))


def test_the_corpus_is_as_large_as_it_was_promised():
    assert len(MESSY) >= 45
    assert len(HOSTILE) >= 22
