"""Read: the desk, one ECG on one paper."""

from ui.desk.read import show_desk
from ui.page import show_case_page
from ui.worklist.queue import find_queue

show_case_page("pages/read.py", show_desk, find_queue=find_queue, tells_answer=False)
