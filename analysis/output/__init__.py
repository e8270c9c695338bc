"""How runs are told and drawn: tables, pictures, numbers as text."""
