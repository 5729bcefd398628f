"""Domain text: adapt an encoder to the language of a field, then classify. Says what it is without importing Keras."""

from ftsuite.api import TaskSpec
from ftsuite_domain_text.options import DomainTextOptions

SPEC = TaskSpec(
    name="domain-text",
    summary="Texts of a field, such as law or medicine, to one class each; the encoder can adapt to the field first.",
    options=DomainTextOptions,
    factory="ftsuite_domain_text.task:DomainText",
    headline="auto",
    modality="text",
)
