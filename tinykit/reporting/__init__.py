"""What leaves the kit as pictures and pages."""
