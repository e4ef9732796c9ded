"""Real time: trio, threads and the wall clock live here and nowhere below."""
