"""A course made from the notebooks: one folder with editions, slides, plans, questions, projects.

`build` makes the folder; `editions` turns a notebook into the student's and the instructor's, with
the metadata that nbgrader grades by; `slides` makes a deck of each; `plans` writes the syllabus and
a lesson plan of each; `bank` holds the questions, `projects` the open ones. What a lecturer adds to
a notebook stands in ``lessons/NAME.toml``, the sessions in ``syllabus.toml``.
"""
