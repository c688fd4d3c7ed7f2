from .beir import read_beir as read_beir
from .collection_evaluation import evaluate_on_collection as evaluate_on_collection
from .comparing import compare_releases as compare_releases
from .contenders import find_contenders as find_contenders
from .evaluating import evaluate_set as evaluate_set
from .evaluation_answer import answer_evaluation as answer_evaluation
from .proving import (
    Proof as Proof,
    ProofRequest as ProofRequest,
    check_judged_sets as check_judged_sets,
    prove as prove,
    return_to_bm25 as return_to_bm25,
)
from .proxies import make_proxies as make_proxies
