"""Names of language models, as Ollama spells them: `[namespace/]model[:tag]`."""

import re

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]*"
MODEL_NAME = rf"^(?:{_PART}/)?{_PART}(?::{_PART})?$"
"""`llama3.2`, `llama3.2:3b` and `team/llama3.2:3b` match; `openai/gpt:4:mini`, `Llama 3` and an empty name do not."""


def model_name(text: str) -> str:
    """Return `text` if it can name a model. Raises ValueError."""
    if not re.fullmatch(MODEL_NAME, text):
        message = f"{text!r} is not a model name: write it as [namespace/]model[:tag], for example llama3.2:3b"
        raise ValueError(message)
    return text
