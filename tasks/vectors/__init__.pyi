from .embed_requests import Bounds as Bounds
from .served_model import ModelAddress as ModelAddress
from .server import serve_vectors as serve_vectors
