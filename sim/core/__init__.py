"""What everything else stands on: the World, compiled code, random streams, the ledger, errors."""
