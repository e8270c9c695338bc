"""Certificates: how sure it is that no player gains by deviating."""
