"""The pipeline spec: frozen models, read from YAML with a line and a column in every error."""
