"""Rules for agents, whatever their strategy: what they must, may and may not do."""
