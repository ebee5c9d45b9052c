"""``python -m trainlab``: the command ``trainlab``."""

from trainlab.cli.main import main

if __name__ == "__main__":
    main()
