"""How much of what prices do answers what they did: feedback, herds, crashes."""
