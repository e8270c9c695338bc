"""What cannot stand together in a scenario, and what leads nowhere."""
