from .inspecting import (
    list_all_releases as list_all_releases,
    list_words as list_words,
    pull as pull,
    show_release as show_release,
    verify as verify,
)
from .release_report import ReportRequest as ReportRequest, write_report as write_report
from .trial_page import write_trial_page as write_trial_page
