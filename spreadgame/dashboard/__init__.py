"""The page on which a market moves: a server for this machine, its protocol, and the page's own files in ``page/``."""
