"""Review: the paper, the findings beside it, and where the model looked."""

from ui.desk.review import show_review
from ui.page import show_case_page

show_case_page("pages/review.py", show_review, tells_answer=False)
