"""What the four stores share: retries, progress, quarantine and text that arrives as bytes. Knows no store."""
