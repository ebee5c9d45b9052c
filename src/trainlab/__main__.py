"""The command ``trainlab``, also as ``python -m trainlab``."""


def main() -> None:
    """Listen to signals before anything is imported that takes time, and run the command."""
    from trainlab.cli.signals import listen

    listen()
    from trainlab.cli.main import main as run

    run()


if __name__ == "__main__":
    main()
