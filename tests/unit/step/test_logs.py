"""What is kept of what a step prints."""

from moorage.step.logs import Lines
from moorage.step.scrub import Scrubber

STAMP = b"1970-01-01T00:00:00.000000Z "


def test_every_line_is_stamped_with_the_time_it_was_read():
    lines = Lines(Scrubber({}))
    assert lines.feed(b"one\ntw", 0.0) == STAMP + b"one\n"
    assert lines.feed(b"o\n\n", 1.5) == b"1970-01-01T00:00:01.500000Z two\n1970-01-01T00:00:01.500000Z \n"
    assert lines.feed(b"no end", 2) == b""
    assert lines.finish(0.0) == STAMP + b"no end\n"
    assert lines.finish(0.0) == b""


def test_of_a_progress_bar_the_last_state_is_kept():
    lines = Lines(Scrubber({}))
    text = b"".join(lines.feed(part, 0.0) for part in (b" 10%\r", b" 50%", b"\r100%\r", b"\nwindows\r\n", b"a\rb\n"))
    assert text == STAMP + b"100%\n" + STAMP + b"windows\n" + STAMP + b"b\n"


def test_a_progress_bar_that_never_ends_its_line_is_not_kept_in_memory():
    lines = Lines(Scrubber({}))
    for _ in range(10_000):
        assert lines.feed(b"\rstill going, with some text to fill a buffer", 0.0) == b""
    assert lines.finish(0.0) == STAMP + b"still going, with some text to fill a buffer\n"


def test_bytes_that_are_no_text_are_replaced():
    assert Lines(Scrubber({})).feed(b"\xff\xfe ok\n", 0.0) == STAMP + "\ufffd\ufffd ok\n".encode()


def test_of_very_much_output_the_start_and_the_end_are_kept_with_what_was_left_out():
    lines = Lines(Scrubber({"T": "secret"}), head_bytes=4000, tail_bytes=1000)
    printed = b"".join(b"line %d secret\n" % number for number in range(20_000))
    text = b"".join([lines.feed(printed[at : at + 700], at / 1e6) for at in range(0, len(printed), 700)])
    text += lines.finish(1.0)
    kept = [line.partition(b" ")[2] for line in text.splitlines()]
    gap = next(index for index, line in enumerate(kept) if b"left out" in line)
    assert kept[0] == b"line 0 ***T***"
    assert kept[-1] == b"line 19999 ***T***"
    assert kept[:gap] == [b"line %d ***T***" % number for number in range(gap)]
    tail = len(kept) - gap - 1
    assert kept[gap + 1 :] == [b"line %d ***T***" % number for number in range(20_000 - tail, 20_000)]
    left_out = sum(len(b"line %d secret\n" % number) for number in range(gap, 20_000 - tail))
    assert kept[gap].decode() == f"… {left_out:,} bytes left out …"
    assert b"secret" not in text
    assert len(text) < 10_000


def test_a_line_without_an_end_is_not_broken_through_a_character():
    lines = Lines(Scrubber({}))
    text = lines.feed("xé".encode() * 100_000, 0.0) + lines.finish(0.0)
    assert b"".join(line.partition(b" ")[2] for line in text.splitlines()).decode() == "xé" * 100_000


def test_a_line_of_nothing_but_a_long_secret_makes_no_empty_lines():
    secret = "k" * 5000
    lines = Lines(Scrubber({"KEY": secret}))
    text = b"".join([*(lines.feed(secret.encode(), 0.0) for _ in range(60)), lines.finish(0.0)])
    assert b"kkkk" not in text
    assert STAMP + b"\n" not in text
    assert text.count(b"***KEY***") == 60
