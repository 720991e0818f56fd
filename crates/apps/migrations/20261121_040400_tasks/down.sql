DROP TABLE prompt_templates;
DROP TABLE task_answers;
