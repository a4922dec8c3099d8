"""The arithmetic of advice: pure functions of what a customer has, without a database, a clock or a page."""
