"""Groups of the command line. Heavy rooms are imported by the commands that need them, so that help comes at once."""
