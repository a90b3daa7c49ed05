"""The console: the only part that imports Textual."""
