"""All experiments, and the page that is written from them: ``python examples``."""

from page import main

if __name__ == "__main__":
    main()
