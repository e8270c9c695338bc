"""What agents do: one behaviour a file. A file in here that declares a strategy is found by being here."""
