"""One self-contained HTML page per run: what happened, what came of it, and where it all came from."""

from moorage.report.pages import compare_page, run_page

__all__ = ["compare_page", "run_page"]
