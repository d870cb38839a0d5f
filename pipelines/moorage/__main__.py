"""`python -m moorage`: the command line, with this interpreter."""

from moorage.cli import main

if __name__ == "__main__":
    main()
