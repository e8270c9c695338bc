"""What is put around a strategy: what it must, may and may not do."""
