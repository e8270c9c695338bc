"""What may stand in a scenario, table by table."""
