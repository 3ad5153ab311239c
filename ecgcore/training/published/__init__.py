"""Published networks, trained by their own schedules."""
