"""The only loop: submit, observe, record, retry, resume."""
