"""A report of one run or several: one HTML file that needs nothing else, opens with what happened, and explains itself.

``words`` says in sentences what a run shows, ``figures`` draws it, ``contents`` gathers both with the measures,
``page`` makes the file.
"""
