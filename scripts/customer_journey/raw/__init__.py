"""Raw folders: files, mapping.yml, and the adapters of tools. What is read comes out as text columns."""
