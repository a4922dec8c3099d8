"""Who answers: a model at an endpoint, or the planner that works without one."""
