"""The page of the command line says what the commands say."""

from moorage.cli.root import SECTIONS
from tools.reference import PAGE, updated


def test_the_page_is_current() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == updated(page), "python -m tools.reference writes it anew"


def test_every_command_is_on_the_page() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert all(f"`moorage {name}" in page for section in SECTIONS.values() for name in section)
