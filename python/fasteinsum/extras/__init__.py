"""fasteinsum for other packages: each module here is about one of them, and is imported by name."""
