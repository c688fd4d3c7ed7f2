from .document_words import DocumentWords as DocumentWords, describe_words as describe_words
from .learning import learn_importance as learn_importance
from .rivals import Pair as Pair, teaches as teaches
from .weights import Importance as Importance, find_importance as find_importance, open_importance as open_importance
