"""The fine-tuning plans that are shipped with ftsuite, one YAML file each; `ftsuite list plans` shows them."""
