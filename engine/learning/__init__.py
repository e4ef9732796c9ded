"""What released turns teach: how fast the streets are, how long crews take to leave and to come free."""
