"""What goes on below a run while it goes on, for people to look at: as a page in their browser, or in their terminal."""
