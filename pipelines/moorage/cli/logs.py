"""`moorage logs`: what steps wrote, with the time of each line."""
