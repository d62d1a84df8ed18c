"""What the project measures about itself: truth (do intervals cover, do tests keep their size) and speed."""
