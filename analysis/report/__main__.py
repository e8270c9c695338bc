"""``python -m analysis.report RUN…``."""

from analysis.report.page import main

if __name__ == "__main__":
    main()
