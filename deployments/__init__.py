"""When, where and how big: schedules, work pools, and the guided tour."""
