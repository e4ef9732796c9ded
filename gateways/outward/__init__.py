"""HTTP requests to others who may not be trusted, and their signatures. See README.md."""
