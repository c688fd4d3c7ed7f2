from .collection_evaluation import evaluate_on_collection as evaluate_on_collection
from .comparing import compare_releases as compare_releases
from .contenders import find_contenders as find_contenders
from .evaluating import evaluate_set as evaluate_set
from .evaluation_answer import answer_evaluation as answer_evaluation
from .proving import (
    Proof as Proof,
    ProofRequest as ProofRequest,
    check_judged_sets as check_judged_sets,
    looked_at as looked_at,
    prove as prove,
    return_to_bm25 as return_to_bm25,
)
from .proxies import make_proxies as make_proxies
from .public_sets import open_set as open_set
from .run_files import check_run as check_run, write_evaluated as write_evaluated
from .season import find_standard as find_standard
