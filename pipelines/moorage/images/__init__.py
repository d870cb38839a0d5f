"""The image that steps run in: how it is made, built and pushed, and what the store knows of it."""
