"""What certcore costs, beside what else there is: `python -m benchmarks`, or ``make bench``.

`_measure` takes times, `_results` keeps and shows them, `_plots` draws them, `_peers` finds what is compared with, and
every module of `suites` yields figures. None of them is part of certcore.
"""
