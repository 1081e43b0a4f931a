"""What every other package may use: errors, seeds, files, the store. Nothing here knows of people or pictures."""
