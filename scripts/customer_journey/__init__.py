"""The Python around the dbt project: landing, running dbt, checking, publishing."""
