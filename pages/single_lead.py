"""Single lead: the student on one lead beside the teacher on all of them."""

from ui.models.single_lead import show_single_lead
from ui.page import show_case_page

show_case_page("pages/single_lead.py", show_single_lead)
