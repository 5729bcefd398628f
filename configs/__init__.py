"""The configs that are shipped with ftsuite, one YAML file each; `ftsuite list configs` shows them."""
