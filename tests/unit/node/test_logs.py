"""Logs of containers: written as container runtimes do, given out as asked for."""

import datetime as dt
import io
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tests.rigs.kubernetes.node.kubelet import asked
from tests.rigs.kubernetes.node.logs import LINE_BYTES, Asked, Writer, last, read

OLD = b"2026-01-01T00:00:00.000000000Z stdout F old\n"


def written(*parts: bytes) -> bytes:
    file = io.BytesIO()
    writer = Writer(file)
    for part in parts:
        writer.write(part)
    writer.close()
    return file.getvalue()


def shown(folder: Path, content: bytes, wanted: Asked) -> bytes:
    file = folder / "log"
    file.write_bytes(content)
    return b"".join(read(file, wanted, lambda: True))


@given(st.lists(st.binary(max_size=40), max_size=8))
def test_what_goes_in_comes_out(tmp_path_factory, parts: list[bytes]):
    content = written(*parts)
    assert shown(tmp_path_factory.mktemp("log"), content, Asked()) == b"".join(parts)


def test_a_long_line_is_cut_and_put_together_again(tmp_path: Path):
    line = b"x" * (2 * LINE_BYTES + 5) + b"\n"
    assert written(line).count(b" P ") == 2
    assert shown(tmp_path, written(line), Asked()) == line


def test_only_what_came_since_then_is_given(tmp_path: Path):
    since = dt.datetime(2026, 1, 2, tzinfo=dt.UTC)
    assert shown(tmp_path, OLD + written(b"new\n"), Asked(since=since)) == b"new\n"


def test_the_tail_counts_lines_and_the_limit_bytes(tmp_path: Path):
    content = written(b"one\ntwo\nthree\n")
    assert shown(tmp_path, content, Asked(tail=2)) == b"two\nthree\n"
    assert shown(tmp_path, content, Asked(tail=0)) == b""
    assert shown(tmp_path, content, Asked(limit=5)) == b"one\nt"


def test_a_line_that_is_half_written_waits_for_its_end(tmp_path: Path):
    file = tmp_path / "log"
    file.write_bytes(OLD + OLD[:20])

    def finish() -> bool:
        file.write_bytes(OLD + OLD)
        return True

    assert b"".join(read(file, Asked(follow=True), finish)) == b"old\nold\n"


def test_the_last_words_are_short(tmp_path: Path):
    file = tmp_path / "log"
    assert last(file) == ""
    file.write_bytes(written(*(b"%d\n" % number for number in range(100))))
    assert last(file, lines=2) == "98\n99\n"
    assert len(last(file, size=10)) == 10


def test_a_query_means_what_the_kubelet_takes_it_for():
    query = {"follow": "true", "tailLines": "3", "sinceTime": "2026-01-01T00:00:00Z", "timestamps": "false"}
    assert asked(query) == Asked(follow=True, tail=3, since=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
