"""Sentiment: texts to how their writers feel. Says what it is without importing Keras."""

from ftsuite.api import TaskSpec
from ftsuite_sentiment.options import SentimentOptions

SPEC = TaskSpec(
    name="sentiment",
    summary="Texts to sentiment: negative and positive, with neutral between them, or one to five stars.",
    options=SentimentOptions,
    factory="ftsuite_sentiment.task:Sentiment",
    headline="auto",
    modality="text",
)
