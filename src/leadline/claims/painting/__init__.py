"""Figures of the claims: each is drawn for a wide screen and for a phone, and says in words what it shows."""
