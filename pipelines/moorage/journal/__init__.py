"""The append-only record of one run; its fold is the state of the run."""

from moorage.journal.events import EVENT, Event
from moorage.journal.journal import Journal, LostRun, Segment, create, find_segment, read_events, read_record
from moorage.journal.record import AttemptRecord, RunRecord, StepRecord, Verdict, fold, where

__all__ = [
    "EVENT",
    "AttemptRecord",
    "Event",
    "Journal",
    "LostRun",
    "RunRecord",
    "Segment",
    "StepRecord",
    "Verdict",
    "create",
    "find_segment",
    "fold",
    "read_events",
    "read_record",
    "where",
]
