"""What agents do, one behaviour per file. A file in this folder that declares a strategy is found without a list."""
