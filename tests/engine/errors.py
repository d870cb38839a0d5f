"""What goes wrong with the engine, in a sentence that ends with what to do."""


class EngineError(Exception):
    """A tool of the engine is not to be had: what was seen, and the cure."""

    def __init__(self, seen: str, fix: str) -> None:
        super().__init__(f"{seen}\n  fix: {fix}")
        self.seen, self.fix = seen, fix
