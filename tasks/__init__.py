"""One step against the world each: corpora, Qdrant, object storage, encoders."""
