"""`python -m evalhub.cli`: the command where no console script is installed, and how `evalhub up` starts its children."""

from evalhub.cli import main

if __name__ == "__main__":
    main()
