"""The archive of code comes out as it went in, or not at all."""

import io
import stat
import subprocess
import sys
import threading
import zipfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from moorage.code.archive import File, extract, pack
from moorage.errors import Corrupt

FILES = {"a/b.py": File(b"x = 1\n"), "a/run.sh": File(b"echo", executable=True), "ü/empty": File(b"")}


def zipped(*entries: tuple[str, int], compression: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as archive:
        for name, mode in entries:
            entry = zipfile.ZipInfo("placeholder")
            entry.filename, entry.external_attr, entry.compress_type = name, mode << 16, compression
            archive.writestr(entry, b"/etc/passwd")
    return out.getvalue()


def listing(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def test_files_come_out_as_they_went_in(tmp_path: Path):
    to = tmp_path / "deep" / "code"
    extract(pack(FILES), to)
    assert {name: (to / name).read_bytes() for name in FILES} == {name: file.data for name, file in FILES.items()}
    assert (to / "a/run.sh").stat().st_mode & 0o111
    assert not (to / "a/b.py").stat().st_mode & 0o111
    assert listing(tmp_path / "deep") == ["code", "code/a", "code/a/b.py", "code/a/run.sh", "code/ü", "code/ü/empty"]


def test_the_order_of_the_files_does_not_matter():
    assert pack(FILES) == pack(dict(reversed(FILES.items())))


@pytest.mark.parametrize(
    "entry",
    [
        ("../out.py", stat.S_IFREG | 0o644),
        ("/out.py", stat.S_IFREG | 0o644),
        ("a/../../out.py", stat.S_IFREG | 0o644),
        ("a//b", stat.S_IFREG | 0o644),
        ("./a", stat.S_IFREG | 0o644),
        ("a\\..\\b", stat.S_IFREG | 0o644),
        ("..", stat.S_IFREG | 0o644),
        ("link", stat.S_IFLNK | 0o777),
        ("device", stat.S_IFCHR | 0o644),
        ("folder/", stat.S_IFDIR | 0o755),
    ],
)
def test_an_entry_that_would_escape_is_refused_and_leaves_nothing(tmp_path: Path, entry: tuple[str, int]):
    with pytest.raises(Corrupt):
        extract(zipped(("good.py", stat.S_IFREG | 0o644), entry), tmp_path / "code")
    assert listing(tmp_path) == []


def test_two_entries_of_one_name_or_a_file_as_a_folder_are_refused(tmp_path: Path):
    plain = stat.S_IFREG | 0o644
    with pytest.warns(UserWarning, match="Duplicate name"):
        twice = zipped(("a", plain), ("a", plain))
    for data in (twice, zipped(("a", plain), ("a/b", plain))):
        with pytest.raises(Corrupt):
            extract(data, tmp_path / "code")
    assert listing(tmp_path) == []


def test_compressed_entries_are_refused(tmp_path: Path):
    with pytest.raises(Corrupt, match="no plain, stored file"):
        extract(zipped(("a", stat.S_IFREG | 0o644), compression=zipfile.ZIP_DEFLATED), tmp_path / "code")


def test_a_folder_that_is_there_is_left_alone(tmp_path: Path):
    (tmp_path / "code").mkdir()
    extract(b"no zip at all", tmp_path / "code")
    assert listing(tmp_path) == ["code"]


def test_many_at_once_leave_one_whole_folder(tmp_path: Path):
    data, ready, failures = pack(FILES), threading.Barrier(8), []

    def run() -> None:
        ready.wait(10)
        try:
            extract(data, tmp_path / "code")
        except BaseException as error:  # noqa: BLE001 - a thread's failure must reach the test
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert failures == []
    assert listing(tmp_path)[0] == "code"
    assert len(listing(tmp_path / "code")) == 5
    assert [path.name for path in tmp_path.iterdir()] == ["code"]


def with_byte(at: int, byte: int) -> bytes:
    good = pack(FILES)
    return good[:at] + bytes([byte]) + good[at + 1 :]


@given(st.binary(max_size=300) | st.builds(with_byte, st.integers(0, 303), st.integers(0, 255)))
@example(with_byte(130, 1))  # an entry that says it is encrypted
@example(with_byte(299, 1))  # a directory that begins before the file does
def test_any_damage_is_corrupt_or_harmless(tmp_path_factory: pytest.TempPathFactory, data: bytes):
    folder = tmp_path_factory.mktemp("archive")
    try:
        extract(data, folder / "code")
    except Corrupt:
        assert listing(folder) == []
    else:
        assert [path.name for path in folder.iterdir()] == ["code"]


def test_unpacking_needs_no_heavy_import():
    code = "import sys, moorage.code, moorage.code.archive as a; moorage.code.extract; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not {"pydantic", "yaml", "click"} & set(loaded)
