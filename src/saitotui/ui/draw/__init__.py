"""From a picture to lines: pure functions, one file a view or pane."""
