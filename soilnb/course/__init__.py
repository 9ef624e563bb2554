"""A course made from the notebooks: editions, slides, plans, questions and projects."""
