"""Read: the desk, one ECG on one paper."""

from ui.desk.read import show_desk
from ui.page import show_case_page

show_case_page("pages/read.py", show_desk, tells_answer=False)
