"""The first hour with own exports: what lies in a folder, what a build would make of it, and what to change."""
